import type { Worker, WorkerOptions, Workload } from '../../kernel/background/background.ts'
import type { Job } from '../../kernel/background/job.ts'
import type { WorkerHost, WorkerPart } from '../../storage/capability/database-capability.ts'
import { type Engine, type EngineParts, startEngine } from './engine.ts'
import type { JobEngine } from './job-engine.ts'

/** Dependencies of {@link JobsWorkerPart}. */
export interface JobsWorkerParts extends Omit<
  EngineParts,
  'jobs' | 'schedules' | 'settings' | 'concurrency'
> {
  readonly options: { readonly jobEngine?: JobEngine }
  /**
   * Reserves a connection of the connection budget for heartbeats. Returns a function that releases
   * it again.
   */
  readonly reserveHeartbeat: () => () => void
}

/** The work of {@link JobsWorkerPart}. */
export interface JobsWork extends WorkerOptions {
  readonly workload: Workload
}

const defaultConcurrency = 10

/**
 * Runs the jobs and schedules of a service in this process. The engine in the option `jobEngine`
 * runs the jobs that it accepts. The Postgres engine runs the schedules and all other jobs,
 * including jobs that other parts of the framework add.
 */
export class JobsWorkerPart implements WorkerPart {
  readonly #host: JobsWorkerParts
  readonly #work: JobsWork
  readonly #releaseHeartbeat: () => void
  #engine: Engine | undefined
  #other: Worker | undefined

  constructor(host: JobsWorkerParts, work: JobsWork) {
    this.#host = host
    this.#work = work
    this.#releaseHeartbeat = host.reserveHeartbeat()
  }

  leads(): boolean {
    return this.#engine?.leadership.leads === true
  }

  async start({ addedJobs }: WorkerHost): Promise<void> {
    const { workload, concurrency = defaultConcurrency } = this.#work
    const { jobEngine } = this.#host.options
    const jobs = [...workload.jobs.values()]
    const theirs = jobs.filter((job) => jobEngine?.takes(job) === true)
    const ours = [...jobs.filter((job) => !theirs.includes(job)), ...addedJobs]
    const shared = { ...this.#host, settings: workload.settings, concurrency }
    await using starting = new AsyncDisposableStack()
    const other = await jobEngine?.start({ ...shared, jobs: byName(theirs) })
    starting.defer(async () => void (await other?.stop(0)))
    const { schedules } = workload
    this.#engine = await startEngine({ ...shared, jobs: byName(ours), schedules })
    this.#other = other
    starting.move()
  }

  async stop(limitMs: number): Promise<readonly string[]> {
    const released = await Promise.all([this.#engine?.stop(limitMs), this.#other?.stop(limitMs)])
    return released.flatMap((ids = []) => ids)
  }

  async close(): Promise<void> {
    this.#releaseHeartbeat()
  }
}

function byName(jobs: readonly Job[]): ReadonlyMap<string, Job> {
  return new Map(jobs.map((job) => [job.name, job]))
}
