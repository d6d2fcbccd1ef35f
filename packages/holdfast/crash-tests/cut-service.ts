import { anyone, type Database, type Duration, event, holdfast } from 'holdfast'
import { postgres, sql, type SqlDatabase } from 'holdfast/postgres'
import { z } from 'zod'

/** Options of {@link createCutService}. */
export interface CutServiceOptions {
  /** Puts something around its database. Default: nothing. */
  readonly around?: (database: Database<SqlDatabase, SqlDatabase>) => Database<SqlDatabase, SqlDatabase>
  /** How long one try of its jobs may take. Default: as jobs have it. */
  readonly jobDeadline?: Duration
}

const Named = z.object({ name: z.string() })

const Happened = event('effect.happened', { payload: Named.extend({ what: z.string() }) })

/** A service whose one mutation does all that a mutation can: it writes twice, enqueues a job with a step, and publishes a message. */
export function createCutService(options: CutServiceOptions = {}) {
  const { around = (database) => database, jobDeadline = '5m' } = options
  const { consumer, job, mutation, service } = holdfast({
    // With one connection, one that is lost to the pool would be the end of everything.
    database: around(
      postgres({
        migrations: new URL('./cut-migrations/', import.meta.url),
        connections: { reads: 1, writes: 1 },
      }),
    ),
  })
  const retry = { attempts: 10_000, firstDelay: '1ms', longestDelay: '20ms' } as const

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

  const hear = consumer({
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
    access: anyone(),
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

  return service({ name: 'cut', operations: { record }, jobs: { work }, consumers: { hear } })
}

export type CutService = ReturnType<typeof createCutService>
