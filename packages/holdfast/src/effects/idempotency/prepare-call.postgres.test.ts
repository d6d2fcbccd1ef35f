import { randomUUIDv7 } from 'node:crypto'
import { anyone, Forbidden, holdfast, type HoldfastError, problem, Unavailable } from 'holdfast'
import { postgres, sql, type SqlDatabase } from 'holdfast/postgres'
import { createTestService, type TestService, until } from 'holdfast/testing'
import { createTelemetry, type FinishedSpan } from 'holdfast/telemetry'
import { beforeEach, expect, expectTypeOf, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { testHost } from '../../../test/test-host.ts'

const Refused = problem('refused', { status: 422, title: 'Refused' })
const Undeclared = problem('undeclared', { status: 422, title: 'Undeclared' })

/** The names of the prepared calls, and of the calls whose handler ran. */
let prepared: string[] = []
let ran: { name: string; prepared: unknown }[] = []
/** Replaces the work of `prepare`. */
let work: (parts: { name: string; db: SqlDatabase; signal: AbortSignal }) => unknown = () => undefined
/** The handler waits for this promise. */
let hold: Promise<void> | undefined
beforeEach(() => {
  hold = undefined
  prepared = []
  ran = []
  work = () => undefined
})

const app = holdfast({
  database: postgres({ connections: { writes: 1, reads: 1, wait: '4m' } }),
  identify: ({ header }) => ({ kind: 'user', id: header('authorization') ?? 'ann' }),
})
const { mutation, query, service } = app
const known = app.access('known()', ({ caller }) => (caller.id === 'eve' ? Forbidden() : caller))
const input = z.object({
  name: z.string().max(10),
  conflicts: z.int().default(0),
  tags: z.string().optional(),
})

const create = mutation({
  route: 'POST /things',
  access: known,
  input,
  output: z.object({ name: z.string(), hash: z.string() }),
  status: 201,
  problems: [Refused, Unavailable],
  deadline: '4m',
  async prepare({ input: given, db, caller, signal, clock, deadline, requestId, log, settings, statements }) {
    expectTypeOf(settings).toEqualTypeOf<Readonly<Record<never, never>>>()
    log.debug({ requestId, caller: caller.id, at: clock.now() }, 'prepared')
    prepared.push(given.name)
    given.tags = 'changed by prepare'
    await work({ name: given.name, db, signal })
    const [row] = await db.query<{ hash: string }>(sql`select md5(${given.name}) as hash`)
    const { service: of } = await Promise.resolve(statements)
    return { hash: row!.hash, service: of, isInTime: deadline.remainingMs() > 0 }
  },
  async run({ input: { name, conflicts, tags }, prepared: result, db }) {
    expectTypeOf(result).toEqualTypeOf<{ hash: string; service: string; isInTime: boolean }>()
    ran.push({ name, prepared: result })
    await hold
    await db.query(sql`insert into things (name, tags) values (${name}, ${tags ?? null})`)
    if (ran.length <= conflicts)
      await db.query(sql`do $$ begin raise exception using errcode = '40001'; end $$`)
    return { name, hash: result.hash }
  },
})
const createSerializable = mutation({
  route: 'POST /serializable',
  access: anyone('It is a test.'),
  input,
  problems: [Refused],
  isolation: 'serializable',
  deadline: '4m',
  prepare: async ({ input: { name }, db, signal }) => {
    prepared.push(name)
    await work({ name, db, signal })
  },
  run: async ({ input: { name }, db }) => {
    await db.query(sql`insert into things (name) values (${name})`)
  },
})
const createOptionally = mutation({
  route: 'POST /optional',
  access: anyone('It is a test.'),
  input,
  problems: [Refused],
  idempotency: { optional: 'a test' },
  deadline: '4m',
  // A preparation that waits only if `work` does.
  prepare: ({ input: { name }, db, signal }) => {
    prepared.push(name)
    return work({ name, db, signal }) as number
  },
  run: async ({ input: { name }, prepared: result, db }) => {
    expectTypeOf(result).toEqualTypeOf<number>()
    ran.push({ name, prepared: result })
    await db.query(sql`insert into things (name) values (${name})`)
  },
})
const plain = mutation({
  route: 'POST /plain',
  access: anyone('It is a test.'),
  run: ({ prepared: result }) => {
    expectTypeOf(result).toEqualTypeOf<undefined>()
    ran.push({ name: 'plain', prepared: result })
  },
})
const things = service({
  name: 'prepare-test',
  operations: { create, createSerializable, createOptionally, plain },
})
type Tested = TestService<typeof things.operations>

async function start(options: Parameters<typeof createTestService>[1] = {}): Promise<Tested> {
  const tested = await createTestService(things, { onLog: () => {}, worker: false, ...options })
  onTestFinished(() => tested.stop())
  await tested.sql('create table things (name text, tags text)')
  return tested
}

async function namesIn(tested: Tested): Promise<string[]> {
  return (await tested.sql<{ name: string }>('select name from things order by name')).map(({ name }) => name)
}

async function keysIn(tested: Tested): Promise<number> {
  const [row] = await tested.sql<{ n: number }>('select count(*)::int as n from holdfast.idempotency_keys')
  return row!.n
}

function codeOf({ body }: { readonly body: string | null }): unknown {
  return (JSON.parse(body ?? '{}') as { code?: unknown }).code
}

/** Starts the service a second time on the same database, as another process. */
async function startOther(tested: Tested) {
  const other = await things.start(testHost({ env: { DATABASE_URL: tested.databaseUrl } }))
  onTestFinished(() => other.stop())
  return (body: object, key: string) =>
    Promise.resolve(
      other.call({
        operation: 'create',
        input: { path: {}, query: {}, body },
        header: (name) => (name === 'idempotency-key' ? key : undefined),
      }),
    )
}

/** Makes preparations wait until `open` is called. */
function closeGate(): { open(): void } {
  const gate = Promise.withResolvers<void>()
  work = () => gate.promise
  return { open: () => gate.resolve() }
}

test('the handler gets the result, and a replay prepares nothing', async () => {
  const tested = await start()
  const key = randomUUIDv7()
  const usage = { statements: 0, databaseMs: 0 }
  const first = await tested.send('create', { name: 'a' }, { key, usage })
  expect(first).toMatchObject({
    status: 201,
    body: expect.stringContaining('0cc175b9c0f1b6a831c399e269772661'),
  })
  expect(ran).toEqual([
    {
      name: 'a',
      prepared: { hash: '0cc175b9c0f1b6a831c399e269772661', service: 'prepare-test', isInTime: true },
    },
  ])
  expect(usage.statements).toBe(2)
  const second = await tested.send('create', { name: 'a' }, { key })
  expect(second).toEqual({ ...first, headers: { ...first.headers, 'idempotency-replayed': 'true' } })
  expect(prepared).toEqual(['a'])
  await tested.call.plain({})
  expect(ran.at(-1)).toEqual({ name: 'plain', prepared: undefined })
})

test('a transaction that runs again reuses the result', async () => {
  const tested = await start()
  await tested.call.create({ name: 'a', conflicts: 2 })
  expect(prepared).toEqual(['a'])
  expect(ran).toHaveLength(3)
  expect(ran[2]!.prepared).toBe(ran[0]!.prepared)
  expect(await namesIn(tested)).toEqual(['a'])
})

test('the handler gets the input as it was received', async () => {
  const tested = await start()
  await tested.call.create({ name: 'a', tags: 'given' })
  expect(await tested.sql('select tags from things')).toEqual([{ tags: 'given' }])
})

test('nothing is prepared for a call that is rejected', async () => {
  const tested = await start()
  const key = randomUUIDv7()
  expect((await tested.send('create', { name: 'more than ten' })).status).toBe(422)
  expect((await tested.send('create', { name: 'a' }, { headers: { authorization: 'eve' } })).status).toBe(403)
  expect((await tested.send('create', { name: 'a' }, { key: null })).status).toBe(400)
  await tested.send('create', { name: 'a' }, { key })
  expect(codeOf(await tested.send('create', { name: 'b' }, { key }))).toBe('idempotency-key-reused')
  expect(prepared).toEqual(['a'])
})

test('a call without a key, if it is optional, is prepared', async () => {
  const tested = await start()
  work = () => 7
  await tested.call.createOptionally({ name: 'a' }, { key: null })
  expect(ran).toEqual([{ name: 'a', prepared: 7 }])
  work = () => {
    throw Refused()
  }
  expect(codeOf(await tested.send('createOptionally', { name: 'b' }, { key: null }))).toBe('refused')
  expect(await namesIn(tested)).toEqual(['a'])
  expect(await keysIn(tested)).toBe(0)
})

test('a duplicate in the same process is rejected during a preparation', async () => {
  const tested = await start()
  const gate = closeGate()
  const key = randomUUIDv7()
  const first = tested.send('create', { name: 'a' }, { key })
  await until(() => prepared.length === 1)
  expect(codeOf(await tested.send('create', { name: 'a' }, { key }))).toBe('idempotency-key-in-flight')
  expect(codeOf(await tested.send('create', { name: 'b' }, { key }))).toBe('idempotency-key-reused')
  gate.open()
  expect((await first).status).toBe(201)
  expect(prepared).toEqual(['a'])
})

test('duplicates that two processes prepare at the same time have one effect', async () => {
  const tested = await start()
  const other = await startOther(tested)
  const gate = closeGate()
  const key = randomUUIDv7()
  const calls = [tested.send('create', { name: 'a' }, { key }), other({ name: 'a' }, key)]
  await until(() => prepared.length === 2)
  gate.open()
  const statuses = (await Promise.all(calls)).map(({ status }) => status)
  expect(statuses).toContain(201)
  expect(statuses.every((status) => status === 201 || status === 409)).toBe(true)
  expect(await namesIn(tested)).toEqual(['a'])
  expect((await other({ name: 'a' }, key)).status).toBe(201)
  expect(prepared).toEqual(['a', 'a'])
})

test('a duplicate is rejected without a preparation while another process runs the handler', async () => {
  const tested = await start()
  const other = await startOther(tested)
  const held = Promise.withResolvers<void>()
  hold = held.promise
  const key = randomUUIDv7()
  const first = tested.send('create', { name: 'a' }, { key })
  await until(() => ran.length === 1)
  expect(codeOf(await other({ name: 'a' }, key))).toBe('idempotency-key-in-flight')
  expect(prepared).toEqual(['a'])
  held.resolve()
  expect((await first).status).toBe(201)
})

test('a call that ends during its preparation leaves nothing, and a retry runs', async () => {
  const tested = await start()
  const key = randomUUIDv7()
  const gate = closeGate()
  const client = new AbortController()
  let signalled: unknown
  work = ({ signal }) =>
    new Promise((resolve) => {
      signal.addEventListener('abort', () => {
        signalled = true
        resolve(undefined)
      })
    })
  const gone = tested
    .send('create', { name: 'a' }, { key, signal: client.signal })
    .catch((error: unknown) => error)
  await until(() => prepared.length === 1)
  client.abort()
  await gone
  expect(signalled).toBe(true)
  const headers = { 'request-timeout': '100ms' }
  expect(codeOf(await tested.send('create', { name: 'a' }, { key, headers }))).toBe('deadline-exceeded')
  expect(await namesIn(tested)).toEqual([])
  expect(await keysIn(tested)).toBe(0)
  expect(ran).toEqual([])
  gate.open()
  work = () => undefined
  expect((await tested.send('create', { name: 'a' }, { key })).status).toBe(201)
  expect(await namesIn(tested)).toEqual(['a'])
})

test('a preparation holds no connection', async () => {
  const tested = await start()
  const gate = closeGate()
  const names = ['a', 'b', 'c', 'd', 'e']
  // Here, mutations have one connection, and reads have one.
  const calls = names.map((name) => tested.send('create', { name }))
  await until(() => prepared.length === names.length)
  expect((await tested.send('plain', {})).status).toBe(204)
  const [row] = await tested.sql<{ n: number }>(
    `select count(*)::int as n from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'`,
  )
  expect(row!.n).toBe(0)
  gate.open()
  expect((await Promise.all(calls)).map(({ status }) => status)).toEqual([201, 201, 201, 201, 201])
  expect(await namesIn(tested)).toEqual(names)
})

test.each(['create', 'createSerializable'] as const)(
  'a problem that the preparation of %s throws is the final answer of the key',
  async (operation) => {
    const tested = await start()
    const key = randomUUIDv7()
    work = () => {
      throw Refused({ detail: 'No.' })
    }
    const first = await tested.send(operation, { name: 'a' }, { key })
    expect(first.status).toBe(422)
    work = () => undefined
    const second = await tested.send(operation, { name: 'a' }, { key })
    expect(second).toEqual({ ...first, headers: { ...first.headers, 'idempotency-replayed': 'true' } })
    expect(prepared).toEqual(['a'])
    expect(await namesIn(tested)).toEqual([])
  },
)

test('if one preparation of a key ends with a problem, its duplicate has no effect', async () => {
  const tested = await start()
  const other = await startOther(tested)
  const key = randomUUIDv7()
  const gate = closeGate()
  const late = other({ name: 'a' }, key)
  await until(() => prepared.length === 1)
  work = () => {
    throw Refused()
  }
  const first = await tested.send('create', { name: 'a' }, { key })
  gate.open()
  expect(codeOf(first)).toBe('refused')
  expect((await late).body).toBe(first.body)
  expect(await namesIn(tested)).toEqual([])
})

test.each([
  ['a 503', () => Promise.reject(Unavailable()), 503],
  ['a defect', () => Promise.reject(new RangeError('a defect')), 500],
  ['an undeclared problem', () => Promise.reject(Undeclared()), 500],
  [
    'a problem behind a statement that failed for a passing reason',
    ({ db }: { db: SqlDatabase }) =>
      db.query(sql`select fail('55P03')`).catch(() => {
        throw Refused()
      }),
    422,
  ],
  [
    'a problem behind a statement that failed for a transient reason',
    ({ db }: { db: SqlDatabase }) =>
      db.query(sql`select fail('57P01')`).catch(() => {
        throw Refused()
      }),
    503,
  ],
])('%s is not stored, and a retry runs again', async (_, failing, status) => {
  const tested = await start()
  await tested.sql(
    'create function fail(state text) returns void language plpgsql as $$ begin raise exception using errcode = state; end $$',
  )
  const key = randomUUIDv7()
  work = failing
  expect((await tested.send('create', { name: 'a' }, { key })).status).toBe(status)
  expect(await keysIn(tested)).toBe(0)
  work = () => undefined
  expect((await tested.send('create', { name: 'a' }, { key })).status).toBe(201)
  expect(await namesIn(tested)).toEqual(['a'])
})

test('a preparation cannot write', async () => {
  const tested = await start()
  work = ({ db }) => db.query(sql`insert into things (name) values ('sly')`)
  let failure: HoldfastError | undefined
  const onFailure = (error: unknown) => void (failure = error as HoldfastError)
  expect((await tested.send('create', { name: 'a' }, { onFailure })).status).toBe(500)
  expect(failure).toMatchObject({
    code: 'query-writes',
    message: expect.stringMatching(/^`prepare` of create \(POST \/things.*Write in `run`\.$/),
  })
  expect(await namesIn(tested)).toEqual([])
})

test('a preparation has a span, with its statements', async () => {
  const telemetry = createTelemetry({ runtimeMetrics: false }, { env: { NODE_ENV: 'test' } })
  const reader = telemetry.readSpans()
  const tested = await start({ telemetry })
  await tested.call.create({ name: 'a' })
  const spans = reader.take(1_000).items
  const parentOf = (span: FinishedSpan) => spans.find(({ trace }) => trace.spanId === span.trace.parentSpanId)
  const span = spans.find(({ name }) => name === 'prepare')!
  expect(parentOf(span)?.name).toBe('create')
  const statement = spans.find((each) => parentOf(each) === span && each.name.startsWith('SELECT'))
  expect(statement?.kind).toBe('client')
  expect(spans.filter(({ name }) => name === 'transaction')).toHaveLength(1)
  await telemetry.stop()
})

test('a query with a preparation does not start', async () => {
  const sly = query({
    route: 'GET /sly',
    access: anyone('It is a test.'),
    run: () => {},
    // @ts-expect-error A query has no `prepare`.
    prepare: () => 1,
  })
  await expect(
    service({ name: 'sly', operations: { sly } }).start(testHost({ env: {} })),
  ).rejects.toMatchObject({
    code: 'service-invalid',
    message: expect.stringContaining('a query has no `prepare`'),
  })
})
