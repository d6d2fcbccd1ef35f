import { anyone, type Database, holdfast, type Job, type JobContext, type RunningService } from 'holdfast'
import { postgres, sql, type SqlDatabase } from 'holdfast/postgres'
import { createTestService, type TestServiceOptions, until } from 'holdfast/testing'
import type pg from 'pg'
import { z } from 'zod'
import type { JobEngine } from './job-engine.ts'

/** Features that not every engine supports. */
export type EnginePromise = 'limits-per-key' | 'ordered' | 'steps' | 'progress-in-the-database'

/** The context passed to a job of a test. */
export type BenchContext = JobContext<{ name: string }, SqlDatabase>

type Named = Job<{ name: string }>

/** A service on an engine, with its own database. */
export interface Bench {
  readonly running: Pick<RunningService, 'startWorker'>
  readonly sql: <Row extends pg.QueryResultRow>(text: string, values?: unknown[]) => Promise<Row[]>
  /** Runs a mutation. Resolves to its result as JSON. */
  readonly transact: <T>(what: (context: Pick<BenchContext, 'db' | 'jobs'>) => Promise<T>) => Promise<T>
  /** Enqueues a job. Resolves to its id. */
  readonly enqueue: (job: Named, name: string) => Promise<string>
  readonly enqueueEach: (job: Named, names: readonly string[]) => Promise<unknown>
  readonly find: (id: string) => Promise<BenchRow>
  readonly inState: (id: string, state: string) => Promise<BenchRow>
  /** The effects that jobs have written, in order. */
  readonly effects: () => Promise<readonly string[]>
  /** Resolves when no transaction of a job is open. */
  readonly noTransactions: () => Promise<unknown>
}

/** The columns of a job's row that tests check. */
export interface BenchRow {
  readonly state: string
  readonly claim: number
  readonly failures: number
  readonly failure: unknown
  readonly progress: unknown
}

/** The state and functions shared by the tests of an engine. */
export interface Benches {
  readonly jobs: Readonly<Record<'plain' | 'alone' | 'paced' | 'short' | 'keyed' | 'ordered', Named>>
  /** The work of jobs by name; a job without an entry does nothing. */
  readonly work: Map<string, (context: BenchContext) => void | Promise<void>>
  /** The names of the jobs that have started, in order. */
  readonly runs: string[]
  readonly start: (options?: TestServiceOptions) => Promise<Bench>
  /** Waits in a handler until the test continues or the signal is aborted. */
  readonly released: (signal: AbortSignal) => Promise<void>
  /** Releases all waiting handlers. */
  readonly release: () => void
  /** Resolves when this many runs have started. */
  readonly runsOf: (count: number) => Promise<unknown>
  /** Resolves when this many handlers are waiting. */
  readonly waitingFor: (count: number) => Promise<unknown>
  /** Resets the state that a test has left behind. */
  readonly clear: () => Promise<void>
}

/** Writes an effect. */
export async function note(db: SqlDatabase, name: string): Promise<void> {
  await db.query(sql`insert into effects (name) values (${name})`)
}

/** The parts that an engine under test needs to run. */
export interface BenchParts {
  /** The engine. Default: the Postgres engine. */
  readonly jobEngine?: JobEngine
  /** Wraps the database, for example to reach it through a proxy. */
  readonly through?: (database: Database<SqlDatabase, SqlDatabase>) => Database<SqlDatabase, SqlDatabase>
}

/**
 * Creates the services whose jobs an engine runs. Leaves out jobs that need features missing from
 * the engine.
 */
export function createBenches(
  { jobEngine, through = (database) => database }: BenchParts,
  promises: readonly EnginePromise[],
): Benches {
  const { job, mutation, service } = holdfast({
    database: through(
      postgres({
        migrations: new URL('../../../test/jobs/migrations/', import.meta.url),
        // Some tests start several workers in one process.
        connections: 24,
        ...(jobEngine ? { jobEngine } : {}),
      }),
    ),
  })
  const work: Benches['work'] = new Map()
  const runs: string[] = []
  const releases: (() => void)[] = []
  const stops: (() => Promise<void>)[] = []

  const input = z.object({ name: z.string() })
  const run = async (context: BenchContext): Promise<void> => {
    runs.push(context.input.name)
    await work.get(context.input.name)?.(context)
  }
  const retry = { initialDelay: '1ms', attempts: 3 } as const
  const jobs = {
    plain: job({ name: 'plain', input, retry, run }),
    alone: job({ name: 'alone', input, retry, concurrency: { limit: 1 }, run }),
    paced: job({ name: 'paced', input, rate: { limit: 10, per: '1s' }, run }),
    short: job({ name: 'short', input, deadline: '50ms', retry: { attempts: 1 }, run }),
    keyed: job({ name: 'keyed', input, concurrency: { limit: 1, key: ({ name }) => name }, run }),
    ordered: job({ name: 'ordered', input, retry, concurrency: { limit: 1, ordered: true }, run }),
  }
  const { keyed, ordered, ...always } = jobs

  let act: (context: Pick<BenchContext, 'db' | 'jobs'>) => Promise<unknown>
  const arrange = mutation({
    route: 'POST /arrange',
    access: anyone('a test'),
    output: z.object({ json: z.string() }),
    run: async (context) => ({ json: JSON.stringify((await act(context)) ?? null) }),
  })
  const tested = service({
    name: 'engine-bench',
    operations: { arrange },
    jobs: [
      ...Object.values(always),
      ...(promises.includes('limits-per-key') ? [keyed] : []),
      ...(promises.includes('ordered') ? [ordered] : []),
    ],
  })

  async function start(options: TestServiceOptions = {}): Promise<Bench> {
    const on = await createTestService(tested, { onLog: () => {}, ...options })
    stops.push(() => on.stop())
    const transact: Bench['transact'] = async <T>(what: typeof act) => {
      act = what
      return JSON.parse((await on.call.arrange({})).json) as T
    }
    const find = async (id: string): Promise<BenchRow> => {
      const [row] = await on.sql<BenchRow>('select * from holdfast.all_jobs where id = $1', [id])
      return row!
    }
    return {
      running: on.running,
      sql: (text, values) => on.sql(text, values),
      transact,
      find,
      enqueue: (what, name) => transact(async (context) => (await context.jobs.enqueue(what, { name })).id),
      enqueueEach: (what, names) =>
        transact((context) =>
          context.jobs.enqueueMany(
            what,
            names.map((name) => ({ name })),
          ),
        ),
      inState: (id, state) =>
        until(
          async () => {
            const row = await find(id)
            return row.state === state ? row : undefined
          },
          { what: `a job that is ${state}` },
        ),
      effects: async () =>
        (await on.sql<{ name: string }>('select name from effects order by id')).map(({ name }) => name),
      noTransactions: () =>
        until(async () => {
          const [open] = await on.sql<{ count: number }>(
            `select count(*)::int as count from pg_stat_activity
             where datname = current_database() and application_name like 'holdfast job%' and state <> 'idle'`,
          )
          return open?.count === 0
        }),
    }
  }

  const release = (): void => {
    for (const one of releases.splice(0)) one()
  }

  return {
    jobs,
    work,
    runs,
    start,
    release,
    released: (signal) =>
      new Promise((resolve, reject) => {
        releases.push(resolve)
        signal.addEventListener('abort', () => reject(signal.reason as Error))
      }),
    runsOf: (count) => until(() => runs.length >= count, { what: `run ${count}` }),
    waitingFor: (count) => until(() => releases.length === count, { what: `wait ${count} of a handler` }),
    async clear() {
      release()
      for (const stop of stops.splice(0)) await stop()
      work.clear()
      runs.length = 0
    },
  }
}
