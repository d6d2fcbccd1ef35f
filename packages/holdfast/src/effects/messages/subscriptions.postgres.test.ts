import { anyone, createLogger, event, holdfast, type RunningService, systemClock } from 'holdfast'
import { connectClient, postgres, sql } from 'holdfast/postgres'
import { type TestDatabase, until } from 'holdfast/testing'
import { createMigratedDatabase } from '../../testing/template.ts'
import type pg from 'pg'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'

const Happened = event('happened', { payload: z.object({ n: z.int() }) })
const Other = event('other', { payload: z.object({ n: z.int() }) })

const { consumer, mutation, service } = holdfast({ database: postgres() })

const publishSome = mutation({
  route: 'POST /published',
  access: anyone('a test'),
  idempotency: { optional: 'tests count what is published' },
  deadline: '60s',
  input: z.object({ event: z.enum(['happened', 'other']), keys: z.int(), payload: z.int() }),
  async run({ input, publish }) {
    const Event = input.event === 'happened' ? Happened : Other
    for (let n = 0; n < input.keys; n += 1) await publish(Event, `key ${n}`, { n: input.payload })
  },
})

/** A consumer that records its messages. */
const recorder = (name: string, of: typeof Happened, options: { publisher?: string } = {}) =>
  consumer({
    name,
    event: of,
    ...options,
    async run({ db, message }) {
      await db.query(sql`insert into consumed (consumer, n) values (${name}, ${message.payload.n})`)
    },
  })

const happenedOnly = [recorder('by-happened', Happened)]
const both = [...happenedOnly, recorder('by-other', Other)]

let database: TestDatabase
let client: pg.Client
const ends: (() => Promise<unknown>)[] = []

beforeEach(async () => {
  database = await createMigratedDatabase()
  client = await connectClient({ connectionString: database.url, applicationName: 'test' })
  await client.query('create table consumed (consumer text, n int)')
})
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
  await client.end()
  await database.drop()
})

const lines: Record<string, unknown>[] = []

/** Starts a process of a service, with or without a worker. */
async function start(
  name: string,
  consumers: readonly ReturnType<typeof recorder>[],
  options: { readonly worker: boolean },
): Promise<RunningService> {
  const running = await service({ name, operations: { publishSome }, consumers }).start({
    env: { DATABASE_URL: database.url },
    mode: 'test',
    clock: systemClock,
    log: createLogger({ level: 'warn', write: (line) => void lines.push(JSON.parse(line)) }),
    notify: () => {},
  })
  ends.push(() => running.stop())
  if (options.worker) {
    const worker = await running.startWorker()
    ends.push(() => worker!.stop(1_000))
  }
  return running as RunningService
}

async function publish(
  running: RunningService,
  of: string,
  { n: payload, keys = 1 }: { readonly n: number; readonly keys?: number },
): Promise<void> {
  const { status } = await running.call({
    operation: 'publishSome',
    input: { path: {}, query: {}, body: { event: of, keys, payload } },
    header: () => undefined,
  })
  expect(status).toBe(204)
}

async function consumed(name: string): Promise<number[]> {
  const { rows } = await client.query<{ n: number }>(
    'select n from consumed where consumer = $1 order by n',
    [name],
  )
  return rows.map(({ n }) => n)
}

test('each consumer gets every message of its event, regardless of the consumers in other processes', async () => {
  const old = await start('shop', happenedOnly, { worker: true })
  await start('shop', both, { worker: true })
  for (let n = 0; n < 30; n += 1) await publish(old, n % 2 === 0 ? 'happened' : 'other', { n })
  await until(async () => (await consumed('by-happened')).length + (await consumed('by-other')).length === 30)
  expect(await consumed('by-other')).toHaveLength(15)
})

test('a deploy with a new event and consumer loses no message of the event', async () => {
  await start('shop', happenedOnly, { worker: true })
  // The new version answers calls before any of its workers runs.
  const api = await start('shop', both, { worker: false })
  await publish(api, 'other', { n: 1 })
  await until(async () => {
    const { rows } = await client.query('select from holdfast.messages where position is null')
    return rows.length === 0
  })
  await start('shop', both, { worker: true })
  await until(async () => (await consumed('by-other')).length === 1)
  // A rollback: only the old version runs for a while.
  await publish(api, 'other', { n: 2 })
  await until(async () => (await consumed('by-other')).length === 2)
})

test("services on one database do not receive each other's messages by default", async () => {
  const shop = await start('shop', [recorder('shop-own', Happened)], { worker: true })
  const billing = await start(
    'billing',
    [recorder('billing-own', Happened), recorder('billing-theirs', Happened, { publisher: 'shop' })],
    { worker: true },
  )
  await publish(shop, 'happened', { n: 1 })
  await publish(billing, 'happened', { n: 2 })
  await until(
    async () => (await consumed('billing-theirs')).length + (await consumed('billing-own')).length === 2,
  )
  await until(async () => (await consumed('shop-own')).length === 1)
  expect(await consumed('shop-own')).toEqual([1])
  expect(await consumed('billing-own')).toEqual([2])
  expect(await consumed('billing-theirs')).toEqual([1])
})

test('a sequence that was restored from an earlier time is moved after every position when a service starts', async () => {
  const before = await start('shop', happenedOnly, { worker: true })
  for (let n = 0; n < 5; n += 1) await publish(before, 'happened', { n })
  await until(async () => (await consumed('by-happened')).length === 5)
  for (const end of ends.splice(0).toReversed()) await end()
  // Logical replication copies rows but no sequences; old messages were pruned.
  await client.query('delete from holdfast.messages; alter sequence holdfast.message_positions restart')
  const after = await start('shop', happenedOnly, { worker: true })
  await publish(after, 'happened', { n: 5 })
  await until(async () => (await consumed('by-happened')).length === 6)
})

test('a mutation publishes messages with tens of thousands of keys', async () => {
  const api = await start('shop', [], { worker: false })
  await publish(api, 'happened', { n: 1, keys: 60_000 })
  const { rows } = await client.query<{ keys: number }>(
    'select count(distinct key)::int as keys from holdfast.messages',
  )
  expect(rows).toEqual([{ keys: 60_000 }])
})

test('a consumer without a process is reported, and can be removed', async () => {
  const api = await start('shop', both, { worker: false })
  await publish(api, 'other', { n: 1 })
  await client.query(`update holdfast.subscriptions set seen_at = now() - interval '11 minutes'`)
  lines.length = 0
  await start('shop', happenedOnly, { worker: true })
  await publish(api, 'other', { n: 2 })
  const worker = ends.at(-1)!
  await until(async () => {
    const { rows } = await client.query('select from holdfast.messages where position is null')
    return rows.length === 0
  })
  await worker()
  ends.pop()
  // The next process looks for such consumers when it starts.
  await start('shop', happenedOnly, { worker: true })
  const report = await until(() => lines.find(({ consumer: name }) => name === 'by-other'))
  expect(report['msg']).toMatch(/no process runs this consumer, but messages are waiting for it/)
})
