import { anyone, type Database, type Duration, event, holdfast } from 'holdfast'
import { postgres, sql, type SqlDatabase } from 'holdfast/postgres'
import { z } from 'zod'

/** Options of {@link createCutService}. */
export interface CutServiceOptions {
  /** Wraps the database of the service. Default: no wrapper. */
  readonly around?: (database: Database<SqlDatabase, SqlDatabase>) => Database<SqlDatabase, SqlDatabase>
  /** Deadline of a job's attempt. Default: the framework's default. */
  readonly jobDeadline?: Duration
}

const Named = z.object({ name: z.string() })

const Happened = event('effect.happened', { payload: Named.extend({ what: z.string() }) })

/**
 * Creates a service with one mutation that has every kind of effect: it writes twice, enqueues a
 * job with a step, and publishes a message.
 */
export function createCutService(options: CutServiceOptions = {}) {
  const { around = (database) => database, jobDeadline = '5m' } = options
  const { consumer, job, mutation, service } = holdfast({
    // The pool has several connections. If its only connection were lost, all calls would block.
    database: around(
      postgres({
        migrations: new URL('./cut-migrations/', import.meta.url),
        connections: { reads: 1, writes: 1 },
      }),
    ),
  })
  const retry = { attempts: 10_000, initialDelay: '1ms', maxDelay: '20ms' } as const

  const work = job({
    name: 'work',
    input: Named,
    deadline: jobDeadline,
    retry,
    async run({ input: { name }, step, db, publish }) {
      await step('prepare', async (inStep) => {
        await inStep.db.query(sql`insert into effects values (${name}, 'prepared')`)
      })
      await db.query(sql`insert into effects values (${name}, 'worked')`)
      await publish(Happened, name, { name, what: 'worked' })
    },
  })

  const handle = consumer({
    name: 'hear',
    event: Happened,
    deadline: jobDeadline,
    retry,
    async run({ message: { payload }, db }) {
      await db.query(sql`insert into effects values (${payload.name}, ${`heard: ${payload.what}`})`)
    },
  })

  const record = mutation({
    route: 'POST /effects',
    access: anyone('a test'),
    input: Named,
    output: Named,
    status: 201,
    async run({ input: { name }, db, jobs, publish }) {
      await db.query(sql`insert into effects values (${name}, 'debited')`)
      await db.query(sql`insert into effects values (${name}, 'credited')`)
      await jobs.enqueue(work, { name })
      await publish(Happened, name, { name, what: 'recorded' })
      return { name }
    },
  })

  return service({ name: 'cut', operations: { record }, jobs: [work], consumers: [handle] })
}

export type CutService = ReturnType<typeof createCutService>
