import { randomUUID } from 'node:crypto'
import { anyone, createLogger, event, holdfast, type RunningService, systemClock } from 'holdfast'
import { connectClient, postgres, sql } from 'holdfast/postgres'
import { createTestDatabase, until } from 'holdfast/testing'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { migrate } from '../../migrations/migrate.ts'
import { testPostgresUrl } from '../../../testing/test-postgres.ts'
import { pgBouncerTool, pooledUrl, startPgBouncer } from '../../../../test/pgbouncer.ts'
import { inTransaction } from '../transaction/in-transaction.ts'
import { DriverClient, openDriverPool } from './driver-client.ts'

const { missing } = await pgBouncerTool()

const hostileFormats = {
  client_encoding: 'LATIN1',
  DateStyle: 'German',
  IntervalStyle: 'sql_standard',
  extra_float_digits: '-10',
  bytea_output: 'escape',
  standard_conforming_strings: 'off',
  array_nulls: 'off',
  transform_null_equals: 'on',
  default_transaction_isolation: 'serializable',
  TimeZone: 'Asia/Kathmandu',
}

const hostile = {
  ...hostileFormats,
  default_transaction_deferrable: 'on',
  search_path: '',
  statement_timeout: '1ms',
  lock_timeout: '1ms',
  idle_in_transaction_session_timeout: '1ms',
  idle_session_timeout: '1ms',
  row_security: 'off',
  plan_cache_mode: 'force_generic_plan',
}

/** Runs a statement for each hostile setting: `alter database … set`, `alter role … set`. */
async function makeHostile(
  url: string,
  subject: (names: { role: string; database: string }) => string,
  settings: Readonly<Record<string, string>> = hostile,
) {
  const client = new DriverClient({ connectionString: url })
  await client.connect()
  const { rows } = await client.query<{ role: string; database: string }>(
    `select quote_ident(current_user) as role, quote_ident(current_database()) as database`,
  )
  for (const [name, value] of Object.entries(settings)) {
    await client.query(`alter ${subject(rows[0]!)} set ${name} = '${value}'`)
  }
  await client.end()
}

const { query, mutation, consumer, service } = holdfast({ database: postgres() })

const instant = new Date('2026-02-03T04:05:06.789Z')
// A backslash that escapes nothing; a text that Latin-1 cannot encode; a float that needs all of
// its digits.
const values = sql`
  select ${instant}::timestamptz as instant, date '2026-02-03' = ${'2026-02-03'}::date as "isDate",
    ${0.1}::float8 + ${0.2}::float8 as float, '\\x00ff'::bytea as bytes, 'a\\' as text, ${'Δ 😀'}::text as emoji,
    ${['a', null]}::text[] as list, (interval '1 day 2 hours')::text as interval, 1 = null is null as "isNull",
    current_setting('transaction_isolation') as isolation`

const expected = {
  instant,
  isDate: true,
  float: 0.1 + 0.2,
  bytes: Buffer.from([0, 255]),
  text: 'a\\',
  emoji: 'Δ 😀',
  list: ['a', null],
  interval: '1 day 02:00:00',
  isNull: true,
  isolation: 'read committed',
}

const seen: Record<string, unknown> = {}
const happened = event('it.happened', { payload: z.object({ at: z.iso.datetime() }) })

const app = service({
  name: 'hostile',
  consumers: [
    consumer({
      name: 'hear',
      event: happened,
      run: async ({ db }) => void (seen['consumer'] = (await db.query(values))[0]),
    }),
  ],
  operations: {
    read: query({
      route: 'GET /read',
      access: anyone('a test'),
      run: async ({ db }) => void (seen['query'] = (await db.query(values))[0]),
    }),
    write: mutation({
      route: 'POST /write',
      access: anyone('a test'),
      async run({ db, publish }) {
        seen['mutation'] = (await db.query(values))[0]
        await publish(happened, 'key', { at: instant.toISOString() })
      },
    }),
  },
})

function start(env: Readonly<Record<string, string>>): Promise<RunningService> {
  return app.start({
    env,
    mode: 'test',
    clock: systemClock,
    log: createLogger({ level: 'error', write: (line) => process.stderr.write(`${line}\n`) }),
    notify: () => {},
  })
}

const call = (running: RunningService, operation: string) =>
  running.call({
    operation,
    input: { path: {}, query: {}, body: undefined },
    header: (name) => (name === 'idempotency-key' && operation === 'write' ? randomUUID() : undefined),
  })

test.each([
  ['the database', ({ database }: { database: string }) => `database ${database}`],
  [
    'the role',
    ({ role, database }: { role: string; database: string }) => `role ${role} in database ${database}`,
  ],
])('settings of %s do not change the meaning of values', async (_, subject) => {
  const database = await createTestDatabase()
  await makeHostile(database.url, subject)
  const running = await start({ DATABASE_URL: database.url })
  const worker = await running.startWorker()
  expect((await call(running, 'read')).status).toBe(204)
  expect((await call(running, 'write')).status).toBe(204)
  await until(() => seen['consumer'] !== undefined)
  expect(seen).toEqual({ query: expected, mutation: expected, consumer: expected })
  delete seen['consumer']
  const client = await connectClient({ connectionString: database.url, applicationName: 'script' })
  // A reset restores the settings that the session started with.
  await client.query('reset all')
  const { rows } = await client.query({ text: values.text, values: values.values })
  expect(rows[0]).toEqual(expected)
  await client.end()
  await worker?.stop(1_000)
  await running.stop()
  await database.drop()
})

test("a role that sessions assume through a setting owns and uses the framework's tables", async () => {
  const database = await createTestDatabase()
  const name = new URL(database.url).pathname.slice(1)
  const owner = `owner_of_${name}`
  const client = await connectClient({ connectionString: database.url, applicationName: 'test' })
  await client.query(`
    create role ${owner};
    grant ${owner} to current_user;
    alter database ${name} owner to ${owner};
    alter role current_user in database ${name} set role = ${owner}`)
  const running = await start({ DATABASE_URL: database.url })
  const worker = await running.startWorker()
  expect((await call(running, 'read')).status).toBe(204)
  expect((await call(running, 'write')).status).toBe(204)
  await until(() => seen['consumer'] !== undefined)
  delete seen['consumer']
  // The second run uses reset sessions.
  expect((await call(running, 'write')).status).toBe(204)
  await until(() => seen['consumer'] !== undefined)
  const { rows } = await client.query<{ owners: readonly string[] }>(
    `select array_agg(distinct tableowner)::text[] as owners from pg_tables where schemaname = 'holdfast'`,
  )
  expect(rows[0]?.owners).toEqual([owner])
  await worker?.stop(1_000)
  await running.stop()
  await client.end()
  await database.drop()
  const admin = await connectClient({
    connectionString: await testPostgresUrl(),
    applicationName: 'test',
  })
  await admin.query(`drop role ${owner}`)
  await admin.end()
})

test("settings of the database do not limit an administrator's transaction", async () => {
  const database = await createTestDatabase()
  const { statement_timeout: _, idle_session_timeout: __, ...others } = hostile
  await makeHostile(database.url, ({ database: name }) => `database ${name}`, others)
  const pool = openDriverPool({ connectionString: database.url, max: 1 })
  const [row] = await inTransaction(pool, async (client) => {
    await client.query(`do $$ begin perform pg_sleep(0.01); end $$`)
    const { rows } = await client.query(`
      select current_setting('transaction_isolation') as isolation,
        current_setting('statement_timeout') as statement, current_setting('lock_timeout') as lock,
        current_setting('idle_in_transaction_session_timeout') as idle`)
    return rows
  })
  expect(row).toEqual({ isolation: 'read committed', statement: '1min', lock: '10s', idle: '1min' })
  await pool.end()
  await database.drop()
})

test.skipIf(missing)(
  'a service does not start behind a pooler whose sessions keep such settings',
  async () => {
    const database = await createTestDatabase()
    await migrate({ connectionString: database.url, migrations: [] })
    await makeHostile(database.url, ({ database: name }) => `database ${name}`, hostileFormats)
    const pooler = await startPgBouncer(database.url)
    try {
      const env = { DATABASE_URL: pooledUrl(database.url, pooler), DATABASE_DIRECT_URL: database.url }
      await expect(start(env)).rejects.toMatchObject({
        code: 'configuration-invalid',
        message: expect.stringMatching(
          /set IntervalStyle = 'postgres'.*set extra_float_digits = '1'|extra_float_digits.*IntervalStyle/,
        ),
      })
    } finally {
      await pooler.stop()
      await database.drop()
    }
  },
)
