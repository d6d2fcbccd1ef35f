import { readFile } from 'node:fs/promises'
import { anyone, type Answer, holdfast } from 'holdfast'
import { postgres, sql } from 'holdfast/postgres'
import { createTestDatabase, createTestService, type TestService, until } from 'holdfast/testing'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { overTcp } from '../../../../test/over-tcp.ts'
import { testHost } from '../../../../test/test-host.ts'

const { query, mutation, service } = holdfast({
  database: postgres({ connections: { reads: 2, writes: 2, wait: '1s' } }),
})

const sleep = query({
  route: 'GET /sleep',
  access: anyone('a test'),
  input: z.object({ seconds: z.number() }),
  output: z.object({}),
  deadline: '10m',
  async run({ input, db }) {
    await db.query(sql`select pg_sleep(${input.seconds})`)
    return {}
  },
})

const settings = query({
  route: 'GET /settings',
  access: anyone('a test'),
  output: z.record(z.string(), z.string()).meta({ maxProperties: 10 }),
  async run({ db }) {
    const rows = await db.query<{ name: string; setting: string }>(
      sql`select name, setting from pg_settings where name in ('default_transaction_read_only', 'client_connection_check_interval', 'tcp_user_timeout', 'tcp_keepalives_idle', 'work_mem')`,
    )
    return Object.fromEntries(rows.map(({ name, setting }) => [name, setting]))
  },
})

const limits = mutation({
  route: 'POST /limits',
  access: anyone('a test'),
  output: z.object({ statement: z.string(), idle: z.string() }),
  deadline: '4m',
  async run({ db }) {
    const [row] = await db.query<{ statement: string; idle: string }>(
      sql`select (select setting from pg_settings where name = 'statement_timeout') as statement,
                 (select setting from pg_settings where name = 'idle_in_transaction_session_timeout') as idle`,
    )
    return row!
  },
})

/** Fails with an error that only looks like a database error. */
const callElsewhere = query({
  route: 'GET /elsewhere',
  access: anyone('a test'),
  input: z.object({ how: z.enum(['refused', 'missing', 'circle']) }),
  output: z.object({}),
  async run({ input: { how } }) {
    if (how === 'refused') await fetch('http://127.0.0.1:9/')
    if (how === 'missing') await readFile('/nowhere/at/all')
    const circle = new TypeError('its own cause')
    circle.cause = circle
    throw circle
  },
})

const operations = { sleep, settings, limits, callElsewhere }
const pooled = service({ name: 'pooled', operations })

const codeOf = (answer: Answer): unknown => (JSON.parse(answer.body ?? '{}') as { code?: string }).code

/**
 * Takes all connections for reads. Returns a function that disconnects the clients that hold them.
 */
async function holdConnections(tested: TestService<typeof operations>): Promise<() => Promise<void>> {
  const clients = [new AbortController(), new AbortController()]
  const calls = clients.map(async ({ signal }) => {
    // On a busy machine, opening a connection may take longer than the max wait time.
    while (!signal.aborted) await tested.send('sleep', { seconds: 600 }, { signal })
  })
  await until(
    async () =>
      (
        await tested.sql(
          `select from pg_stat_activity where datname = current_database() and query like '%pg_sleep%' and state = 'active' and pid <> pg_backend_pid()`,
        )
      ).length === clients.length,
  )
  return async () => {
    for (const client of clients) client.abort()
    await Promise.all(calls)
  }
}

test('a call that gets no connection in time gets a 503 with Retry-After', async () => {
  await using tested = await createTestService(pooled)
  const disconnect = await holdConnections(tested)
  const refused = await tested.send('settings', {})
  expect([refused.status, codeOf(refused), refused.headers['retry-after']]).toEqual([
    503,
    'database-unavailable',
    '1',
  ])
  await disconnect()
})

test.each(['refused', 'missing', 'circle'] as const)(
  'a failure elsewhere (%s) is not reported as a database failure',
  async (how) => {
    await using tested = await createTestService(pooled, { onLog: () => {} })
    const answer = await tested.send('callElsewhere', { how })
    expect([answer.status, codeOf(answer)]).toEqual([500, 'internal-error'])
  },
)

test('clients that disconnect release their connections at once', async () => {
  await using tested = await createTestService(pooled)
  for (let round = 0; round < 3; round += 1) {
    const disconnect = await holdConnections(tested)
    await disconnect()
    expect((await tested.send('settings', {})).status).toBe(200)
  }
})

test('sessions of queries are read-only and detect a disconnected client', async () => {
  await using tested = await createTestService(pooled)
  expect(await tested.call.settings({})).toMatchObject({
    default_transaction_read_only: 'on',
    client_connection_check_interval: '1000',
  })
})

test('the options in a URL are kept, but do not override settings of the framework', async () => {
  const database = await createTestDatabase()
  const url = overTcp(database.url)
  url.searchParams.set('options', '-c default_transaction_read_only=off -c work_mem=5MB')
  const running = await pooled.start(testHost({ env: { DATABASE_URL: url.href } }))
  const answer = await running.call({
    operation: 'settings',
    input: { path: {}, query: {}, body: undefined },
    header: () => undefined,
  })
  expect(JSON.parse(answer.body!)).toEqual({
    default_transaction_read_only: 'on',
    client_connection_check_interval: '1000',
    tcp_user_timeout: '30000',
    tcp_keepalives_idle: '10',
    work_mem: '5120',
  })
  await running.stop()
  await database.drop()
})

test('a mutation passes its deadline to the database', async () => {
  await using tested = await createTestService(pooled)
  const { statement, idle } = await tested.call.limits({})
  const [statementMs, idleMs] = [statement, idle].map(Number)
  expect(statementMs).toBeGreaterThan(0)
  expect(statementMs).toBeLessThanOrEqual(240_000)
  expect(idleMs).toBe(statementMs! + 1_000)
})

test('a service survives a restart of the server', async () => {
  await using tested = await createTestService(pooled)
  await tested.call.settings({})
  await tested.sql(
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name like 'holdfast%'`,
  )
  const answer = await until(async () => {
    const settled = await tested.send('settings', {})
    return settled.status === 200 && settled
  })
  expect(answer.status).toBe(200)
})

test.each([
  ['mysql://x', 'configuration-invalid'],
  ['not a url', 'configuration-invalid'],
  ['postgres://nobody@127.0.0.1:1/x', 'database-unreachable'],
])('a service with DATABASE_URL=%s does not start: %s', async (url, code) => {
  const starting = pooled.start(testHost({ env: { DATABASE_URL: url } }))
  await expect(starting).rejects.toMatchObject({ code })
})

test('production does not start without a database', async () => {
  const starting = pooled.start(testHost({ mode: 'production' }))
  await expect(starting).rejects.toMatchObject({
    code: 'configuration-invalid',
    message: expect.stringContaining('DATABASE_URL'),
  })
})

test('services that start at once on one database share its secret and its tables', async () => {
  const database = await createTestDatabase()
  const start = () => pooled.start(testHost({ env: { DATABASE_URL: database.url } }))
  const running = await Promise.all([start(), start(), start()])
  await Promise.all(running.map((one) => one.stop()))
  await database.drop()
})
