import {
  type Answer,
  createLogger,
  HoldfastError,
  type RunningService,
  systemClock,
  type WorkerOptions,
} from 'holdfast'
import { cancelJob, redriveJobs } from 'holdfast/jobs'
import { type TestDatabase, until } from 'holdfast/testing'
import { createMigratedDatabase } from '../../src/testing/template.ts'
import type pg from 'pg'
import { openDriverPool } from '../../src/storage/postgres/session/driver-client.ts'
import { type CuttingProxy, startCuttingProxy } from '../../test/cutting-proxy.ts'
import { createJobService, type JobName, slotsPerKey, type Work } from './job-service.ts'

const timeout = '2m'

/** A job to enqueue. */
export interface Enqueuing {
  readonly instance: number
  readonly job: JobName
  readonly work: Work
  readonly unique?: string
}

interface Instance {
  readonly proxy: CuttingProxy
  running: RunningService
  worker: Awaited<ReturnType<RunningService['startWorker']>>
}

/** Two workers on one database, each behind a separate proxy. */
export class JobFleet {
  readonly #database: TestDatabase
  readonly #pool: pg.Pool
  readonly #service = createJobService()
  readonly #instances: Instance[] = []

  static async start(): Promise<JobFleet> {
    const fleet = new JobFleet(await createMigratedDatabase())
    for (let n = 0; n < 2; n += 1) {
      const proxy = await startCuttingProxy(fleet.#database.url)
      fleet.#instances.push({ proxy, ...(await fleet.#run(proxy)) })
    }
    return fleet
  }

  private constructor(database: TestDatabase) {
    this.#database = database
    this.#pool = openDriverPool({ connectionString: database.url, max: 4 })
  }

  proxy(n: number): CuttingProxy {
    return this.#instances[n]!.proxy
  }

  async restart(n: number): Promise<void> {
    const instance = this.#instances[n]!
    await instance.worker?.stop(1_000)
    await instance.running.stop()
    Object.assign(instance, await this.#run(instance.proxy))
  }

  /**
   * Enqueues a job. Returns its id and whether it is new; `undefined` if the outcome is unknown.
   */
  async enqueue({ instance, ...body }: Enqueuing): Promise<{ id: string; isNew: boolean } | undefined> {
    const answer: Answer = await this.#instances[instance]!.running.call({
      operation: 'enqueue',
      input: { path: {}, query: {}, body },
      header: () => undefined,
    })
    return answer.status === 200 ? JSON.parse(answer.body!) : undefined
  }

  /** Cancels a job, unless it has ended. */
  async cancel(id: string): Promise<void> {
    await cancelJob(this.#pool, id).catch((error: unknown) => {
      if (!(error instanceof HoldfastError) || error.code !== 'job-ended') throw error
    })
  }

  async redrive(job: JobName): Promise<void> {
    await redriveJobs(this.#pool, job)
  }

  async sql<Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<readonly Row[]> {
    return (await this.#pool.query<Row>(text, values)).rows
  }

  /** Resumes all jobs, and waits until each has ended. */
  async settle(): Promise<void> {
    await this.sql('delete from holdfast.job_pauses')
    const left = (): Promise<readonly object[]> =>
      this.sql(
        `select jobs.name, state, claim, run_at - now() as due, worker, jobs.started_at, workers.started_at as worker_started_at
         from holdfast.jobs left join holdfast.job_workers as workers on workers.id = worker`,
      )
    await until(async () => (await left()).length === 0, {
      timeout,
      every: '50ms',
      what: 'the end of all jobs',
    }).catch(async (error: unknown) => {
      throw new Error(`jobs do not end: ${JSON.stringify(await left())}`, { cause: error })
    })
  }

  /** Deletes the data of an earlier run, which may have failed. */
  async reset(): Promise<void> {
    await this.settle()
    await this.sql('delete from holdfast.ended_jobs')
    await this.sql('delete from effects')
  }

  /** Returns violations of invariants that hold at all times. */
  async findViolations(): Promise<readonly string[]> {
    const rows = await this.sql<{ what: string }>(
      `
      select 'job ' || id || ' is in both tables' as what from holdfast.jobs join holdfast.ended_jobs using (id)
      union all
      select count(*) || ' jobs of the limit ' || limit_key || ' have a slot' from holdfast.jobs
      where has_slot group by name, limit_key having count(*) > $1
      union all
      select name || ' has ' || count(*) || ' × ' || what from effects group by name, what having count(*) > 1`,
      [slotsPerKey],
    )
    return rows.map(({ what }) => what)
  }

  /** Returns violations of invariants that hold once all jobs have ended. */
  async findUnsettled(): Promise<readonly string[]> {
    const rows = await this.sql<{ what: string }>(`
      select state || ' job ' || (input ->> 'name') || ' has ' || worked || ' effects, ' || prepared || ' of its step' as what
      from holdfast.ended_jobs
      cross join lateral (
        select count(*) filter (where what = 'worked') as worked, count(*) filter (where what = 'prepared') as prepared
        from effects where effects.name = input ->> 'name'
      ) as found
      where worked <> (state = 'succeeded')::int
        or state = 'succeeded' and prepared <> (input ->> 'hasStep')::boolean::int
      union all
      select 'dead job of ' || failures || ' failures: ' || (failure ->> 'name') from holdfast.ended_jobs
      where state = 'dead' and failures < case name when 'once' then 1 else 3 end and failure ->> 'name' <> 'GiveUp'
      union all
      select 'a limit with ' || slots || ' slots' from holdfast.job_limits where kind = 'concurrency' and slots > 0`)
    return rows.map(({ what }) => what)
  }

  async stop(): Promise<void> {
    for (const { worker, running, proxy } of this.#instances) {
      await worker?.stop(1_000)
      await running.stop()
      await proxy.close()
    }
    await this.#pool.end()
    await this.#database.drop()
  }

  async #run(proxy: CuttingProxy): Promise<Pick<Instance, 'running' | 'worker'>> {
    const running = await this.#service.start({
      env: { ...process.env, DATABASE_URL: proxy.url },
      mode: 'test',
      clock: systemClock,
      // Failures of cut connections are expected.
      log: createLogger({ level: 'error', write: () => {} }),
      notify: () => {},
    })
    const options: WorkerOptions = { concurrency: 4 }
    return { running, worker: await running.startWorker(options) }
  }
}
