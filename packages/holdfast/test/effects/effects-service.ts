import { anyone, type Caller, type Duration, holdfast, keepWrites, problem } from 'holdfast'
import { postgres, sql, type PostgresOptions } from 'holdfast/postgres'
import { z } from 'zod'

/** A business problem, which is final. */
const Refused = problem('refused', {
  status: 409,
  title: 'Refused',
  extra: z.object({ reason: z.string() }),
  headers: { 'x-refusal': 'yes', 'set-cookie': 'never=stored' },
})

/** A temporary problem, which is never stored. */
const SlowDown = problem('slow-down', {
  status: 429,
  title: 'Slow down',
  headers: { 'retry-after': '7' },
})

const Named = z.object({ name: z.string() })
const Effect = z.object({ id: z.string(), name: z.string() })

/** Lets calls wait long enough for a connection, even on a slow machine. */
const patientConnections = { wait: '60s' } as const

/** Counts the runs of the handlers. A rollback does not change the counts. */
export interface Runs {
  readonly names: string[]
}

/** Options of {@link createEffectsService}. */
export interface EffectsServiceOptions extends PostgresOptions {
  readonly runs?: Runs
  /**
   * The deadline of `record`. Default one minute, so that no call reaches it. Set it if the test
   * waits for it.
   */
  readonly deadline?: Duration
}

/** Creates a service in which each mutation writes rows that a test can count. */
export function createEffectsService({
  runs = { names: [] },
  deadline = '1m',
  ...options
}: EffectsServiceOptions = {}) {
  const { query, mutation, service } = holdfast({
    database: postgres({
      migrations: new URL('./migrations/', import.meta.url),
      connections: patientConnections,
      ...options,
    }),
    identify: ({ header }): Caller | undefined => {
      const id = header('x-user')
      return id === undefined ? undefined : { kind: 'user', id, ...tenantOf(header('x-tenant')) }
    },
  })

  const record = mutation({
    route: 'POST /effects',
    access: anyone('a test'),
    input: Named.extend({ note: z.string().default('none') }),
    output: Effect,
    status: 201,
    location: '/effects/{id}',
    deadline,
    async run({ input, db }) {
      runs.names.push(input.name)
      const [row] = await db.query<{ id: string }>(
        sql`insert into effects (name) values (${input.name}) returning id`,
      )
      return { id: row!.id, name: input.name }
    },
  })

  const recordUnder = mutation({
    route: 'PUT /effects/{name}',
    access: anyone('a test'),
    input: Named,
    output: Effect,
    async run({ input, db }) {
      const [row] = await db.query<{ id: string }>(
        sql`insert into effects (name) values (${input.name}) returning id`,
      )
      return { id: row!.id, name: input.name }
    },
  })

  const recordOptionally = mutation({
    route: 'POST /optional-effects',
    access: anyone('a test'),
    input: Named,
    idempotency: { optional: 'a repeated effect is harmless here' },
    async run({ input, db }) {
      await db.query(sql`insert into effects (name) values (${input.name})`)
    },
  })

  /** A mutation that writes, and then throws a problem. */
  const refuse = mutation({
    route: 'POST /refusals',
    access: anyone('a test'),
    input: Named,
    problems: [Refused],
    async run({ input, db }) {
      runs.names.push(input.name)
      await db.query(sql`insert into effects (name) values (${input.name})`)
      throw Refused({ reason: `run ${runs.names.length}` })
    },
  })

  const note = mutation({
    route: 'POST /notes',
    access: anyone('a test'),
    input: Named,
    problems: [Refused],
    async run({ input, db }) {
      runs.names.push(input.name)
      await db.query(sql`insert into effects (name) values (${input.name})`)
      return keepWrites(Refused({ reason: `run ${runs.names.length}` }))
    },
  })

  const noteAndSlowDown = mutation({
    route: 'POST /slow-notes',
    access: anyone('a test'),
    input: Named,
    problems: [SlowDown],
    async run({ input, db }) {
      await db.query(sql`insert into effects (name) values (${input.name})`)
      return keepWrites(SlowDown())
    },
  })

  const slowDown = mutation({
    route: 'POST /slow',
    access: anyone('a test'),
    input: Named,
    problems: [SlowDown],
    async run({ input, db }) {
      runs.names.push(input.name)
      await db.query(sql`insert into effects (name) values (${input.name})`)
      throw SlowDown()
    },
  })

  const fail = mutation({
    route: 'POST /failures',
    access: anyone('a test'),
    input: Named,
    async run({ input, db }) {
      runs.names.push(input.name)
      await db.query(sql`insert into effects (name) values (${input.name})`)
      throw new TypeError('a defect')
    },
  })

  /** A mutation that writes, and then waits for the advisory lock that the test holds. */
  const hold = mutation({
    route: 'POST /held-effects',
    access: anyone('a test'),
    input: Named.extend({ lock: z.int() }),
    output: Effect,
    deadline: '8s',
    async run({ input, db }) {
      runs.names.push(input.name)
      const [row] = await db.query<{ id: string }>(
        sql`insert into effects (name) values (${input.name}) returning id`,
      )
      await db.query(sql`select pg_advisory_xact_lock_shared(${input.lock})`)
      return { id: row!.id, name: input.name }
    },
  })

  /** A mutation that exceeds its deadline. */
  const linger = mutation({
    route: 'POST /lingering',
    access: anyone('a test'),
    input: Named.extend({ where: z.enum(['statement', 'handler']) }),
    deadline: '300ms',
    async run({ input, db, signal }) {
      await db.query(sql`insert into effects (name) values (${input.name})`)
      if (input.where === 'statement') await db.query(sql`select pg_sleep(30)`)
      else await new Promise((resolve) => signal.addEventListener('abort', resolve))
    },
  })

  const large = mutation({
    route: 'POST /large',
    access: anyone('a test'),
    input: Named.extend({ bytes: z.int() }),
    output: z.object({ text: z.string() }),
    async run({ input, db }) {
      await db.query(sql`insert into effects (name) values (${input.name})`)
      return { text: 'x'.repeat(input.bytes) }
    },
  })

  const swallow = mutation({
    route: 'POST /swallowed',
    access: anyone('a test'),
    input: Named,
    async run({ input, db }) {
      await db.query(sql`insert into effects (name) values (${input.name})`)
      await db.query(sql`select 1 / 0`).catch(() => {})
    },
  })

  const breakPromise = mutation({
    route: 'POST /promises',
    access: anyone('a test'),
    input: Named,
    async run({ input, db }) {
      await db.query(sql`insert into effects (name) values (${input.name})`)
      await db.query(sql`insert into promises values (1, 99)`)
    },
  })

  const endItself = mutation({
    route: 'POST /ended',
    access: anyone('a test'),
    input: Named.extend({ statement: z.string() }),
    async run({ input, db }) {
      await db.query(sql`insert into effects (name) values (${input.name})`)
      await db.query({ text: input.statement, values: [] } as never)
    },
  })

  /**
   * A mutation that reads two cells and writes one of them. Two concurrent runs cannot be
   * serialized.
   */
  const addSerializably = mutation({
    route: 'POST /cells/{id}/serializable',
    access: anyone('a test'),
    input: z.object({ id: z.int(), lock: z.int() }),
    isolation: 'serializable',
    async run({ input, db }) {
      runs.names.push(`cell ${input.id}`)
      const [row] = await db.query<{ sum: string }>(sql`select sum(value) from cells`)
      await db.query(sql`select pg_advisory_xact_lock_shared(${input.lock})`)
      await db.query(sql`update cells set value = ${Number(row!.sum) + 1} where id = ${input.id}`)
    },
  })

  /** A mutation that locks two cells in the given order. Two runs with opposite orders deadlock. */
  const lockBoth = mutation({
    route: 'POST /cells/{id}/both',
    access: anyone('a test'),
    input: z.object({ id: z.int(), second: z.int(), lock: z.int() }),
    async run({ input, db }) {
      runs.names.push(`cell ${input.id}`)
      await db.query(sql`update cells set value = value + 1 where id = ${input.id}`)
      await db.query(sql`select pg_advisory_xact_lock_shared(${input.lock})`)
      await db.query(sql`update cells set value = value + 1 where id = ${input.second}`)
    },
  })

  /** A mutation that turns every failure into a problem, like a careless handler. */
  const lockBothOrRefuse = mutation({
    route: 'POST /cells/{id}/both-or-refuse',
    access: anyone('a test'),
    input: z.object({ id: z.int(), second: z.int(), lock: z.int() }),
    problems: [Refused],
    async run({ input, db }) {
      await db.query(sql`update cells set value = value + 1 where id = ${input.id}`)
      await db.query(sql`select pg_advisory_xact_lock_shared(${input.lock})`)
      await db.query(sql`update cells set value = value + 1 where id = ${input.second}`).catch(() => {
        throw Refused({ reason: 'another call was faster' })
      })
    },
  })

  /**
   * A mutation that starts a statement and never awaits its result, even if the statement is
   * cancelled.
   */
  const abandon = mutation({
    route: 'POST /abandoned',
    access: anyone('a test'),
    input: Named,
    deadline: '300ms',
    async run({ db }) {
      const abandoned = db.query(sql`select pg_sleep(30)`)
      await new Promise(() => {})
      await abandoned
    },
  })

  const forget = mutation({
    route: 'POST /forgotten',
    access: anyone('a test'),
    input: Named,
    async run({ input, db }) {
      // This statement is not awaited, but it is part of the transaction.
      void db.query(sql`insert into effects (name) select ${input.name} from pg_sleep(0.05)`)
    },
  })

  const forgetSlowly = mutation({
    route: 'POST /forgotten-slowly',
    access: anyone('a test'),
    input: Named,
    deadline: '300ms',
    async run({ db }) {
      // Not awaited, and still running at the deadline.
      db.query(sql`select pg_sleep(30)`).catch(() => {})
    },
  })

  const countEffects = query({
    route: 'GET /effects/{name}/count',
    access: anyone('a test'),
    input: Named,
    output: z.object({ count: z.int() }),
    async run({ input, db }) {
      const [row] = await db.query<{ count: number }>(
        sql`select count(*)::int from effects where name = ${input.name}`,
      )
      return { count: row!.count }
    },
  })

  const writeInQuery = query({
    route: 'GET /writing',
    access: anyone('a test'),
    output: z.object({ id: z.string() }),
    async run({ db }) {
      const [row] = await db.query<{ id: string }>(
        sql`insert into effects (name) values ('sly') returning id`,
      )
      return { id: row!.id }
    },
  })

  const readSlowly = query({
    route: 'GET /slow-reading',
    access: anyone('a test'),
    output: z.object({ done: z.boolean() }),
    deadline: '300ms',
    async run({ db }) {
      await db.query(sql`select pg_sleep(30)`)
      return { done: true }
    },
  })

  return service({
    name: 'effects',
    operations: {
      record,
      recordUnder,
      recordOptionally,
      refuse,
      note,
      noteAndSlowDown,
      slowDown,
      fail,
      hold,
      linger,
      large,
      swallow,
      breakPromise,
      endItself,
      addSerializably,
      lockBoth,
      lockBothOrRefuse,
      abandon,
      forget,
      forgetSlowly,
      countEffects,
      writeInQuery,
      readSlowly,
    },
  })
}

function tenantOf(tenant: string | undefined): { tenant?: string } {
  return tenant === undefined ? {} : { tenant }
}

export type EffectsService = ReturnType<typeof createEffectsService>
