import { anyone, holdfast } from 'holdfast'
import { createHealth } from 'holdfast/health'
import { postgres, sql } from 'holdfast/postgres'
import { createTestService, type TestService, until } from 'holdfast/testing'
import { expect, test } from 'vitest'
import { schemaVersion } from '../../databases/assembly/schema-version.ts'

const { query, service } = holdfast({ database: postgres({ connections: { reads: 1, writes: 1 } }) })

const sleep = query({
  route: 'GET /sleep',
  access: anyone('a test'),
  deadline: '10m',
  async run({ db }) {
    await db.query(sql`select pg_sleep(600)`)
  },
})

const asleep = service({ name: 'asleep', operations: { sleep } })

type Tested = TestService<typeof asleep.operations>

const open = (onLog?: (line: string) => void): Promise<Tested> =>
  createTestService(asleep, {
    http: { pages: createHealth('/problems/').pages },
    ...(onLog ? { onLog } : {}),
  })

const backends = (tested: Tested): Promise<{ pid: number }[]> =>
  tested.sql<{ pid: number }>(
    `select pid from pg_stat_activity where datname = current_database() and application_name = 'holdfast (own)'`,
  )

test('a service with a database checks it by default, on separate connections', async () => {
  await using tested = await open()
  for (let probe = 0; probe < 3; probe += 1) {
    const answers = await Promise.all(Array.from({ length: 10 }, () => tested.fetch('/health/ready')))
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
    expect(await answers[0]!.json()).toMatchObject({
      checks: { database: { status: 'pass', required: true } },
    })
  }
  expect((await backends(tested)).length).toBeLessThanOrEqual(2)
})

test('the check passes while calls use all connections of their pool', async () => {
  await using tested = await open()
  const client = new AbortController()
  const slow = tested.fetch('/sleep', { signal: client.signal })
  await until(async () => {
    const waiting = await tested.sql(
      `select from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'`,
    )
    return waiting.length === 1
  })
  await until(async () => (await tested.fetch('/health/ready')).status === 200)
  client.abort()
  await slow
})

test('a connection that was lost is replaced', async () => {
  await using tested = await open(() => {})
  expect((await tested.fetch('/health/ready')).status).toBe(200)
  const before = await backends(tested)
  for (const { pid } of before) await tested.sql('select pg_terminate_backend($1)', [pid])
  await until(async () => {
    const { status } = await tested.fetch('/health/ready')
    const now = await backends(tested)
    return status === 200 && now.length > 0 && now.every(({ pid }) => !before.some((one) => one.pid === pid))
  })
})

test('a process is not ready once a newer version has removed tables that it needs', async () => {
  const lines: Record<string, unknown>[] = []
  await using tested = await open((line) => lines.push(JSON.parse(line) as Record<string, unknown>))
  expect((await tested.fetch('/health/ready')).status).toBe(200)
  // A migration of a newer version inserts such a row.
  await tested.sql(
    `insert into holdfast.migrations (owner, name, checksum, duration_ms, needs_version)
     values ('holdfast', '9999-contract', '', 0, $1)`,
    [schemaVersion + 1],
  )
  await until(async () => (await tested.fetch('/health/ready')).status === 503)
  expect(lines).toContainEqual(
    expect.objectContaining({
      msg: 'check failed',
      error: expect.objectContaining({ code: 'schema-too-new' }),
    }),
  )
})
