import { randomUUIDv7 } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Answer,
  anyone,
  createLogger,
  event,
  holdfast,
  type RunningService,
  systemClock,
} from 'holdfast'
import { postgres, sql } from 'holdfast/postgres'
import { createTestDatabase, type TestDatabase, until } from 'holdfast/testing'
import type pg from 'pg'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { pgBouncerTool, pooledUrl, startPgBouncer } from '../../../test/pgbouncer.ts'
import type { TestServer } from '../../../test/test-server.ts'
import { DriverClient, openDriverPool } from '../../storage/postgres/session/driver-client.ts'

const { missing } = await pgBouncerTool()

const folder = await mkdtemp(join(tmpdir(), 'holdfast-pooler-'))
afterAll(() => rm(folder, { recursive: true }))
await writeFile(join(folder, '0001-effects.sql'), 'create table effects (name text not null);')

const { query, mutation, job, consumer, service } = holdfast({ database: postgres({ migrations: folder }) })

const access = anyone('a test')
const Named = z.object({ name: z.string() })
const recorded = event('effect.recorded', { payload: Named })
const followUp = job({
  name: 'follow-up',
  input: Named,
  run: async ({ input, db }) =>
    void (await db.query(sql`insert into effects values (${`job ${input.name}`})`)),
})
const onRecorded = consumer({
  name: 'on-recorded',
  event: recorded,
  run: async ({ message, db }) =>
    void (await db.query(sql`insert into effects values (${`message ${message.payload.name}`})`)),
})

const effects = service({
  name: 'effects',
  jobs: [followUp],
  consumers: [onRecorded],
  operations: {
    record: mutation({
      route: 'POST /effects',
      access,
      input: Named,
      output: Named,
      async run({ input, db, jobs, publish }) {
        await db.query(sql`insert into effects values (${input.name})`)
        await jobs.enqueue(followUp, input)
        await publish(recorded, input.name, input)
        return input
      },
    }),
    sleep: query({
      route: 'GET /sleeps',
      access,
      run: async ({ db }) => void (await db.query(sql`select pg_sleep(0.02)`)),
    }),
    sneak: query({
      route: 'GET /sneaky',
      access,
      input: z.object({ text: z.string() }),
      run: async ({ input, db }) => void (await db.query(sql([input.text]))),
    }),
  },
})

interface Reading {
  readonly given?: Record<string, string[]>
  /** The time that the caller waits. */
  readonly timeoutMs?: number
}

describe.skipIf(missing)('behind PgBouncer in transaction mode', () => {
  let database: TestDatabase
  let pooler: TestServer
  let looking: pg.Client
  let lines: string[]
  const ends: (() => Promise<unknown>)[] = []

  beforeEach(async () => {
    lines = []
    database = await createTestDatabase()
    pooler = await startPgBouncer(database.url)
    looking = new DriverClient({ connectionString: database.url })
    await looking.connect()
  })

  afterEach(async () => {
    for (const end of ends.splice(0).toReversed()) await end()
    await looking.end()
    await pooler.stop()
    await database.drop()
  })

  async function start(env: { readonly DATABASE_DIRECT_URL?: string }): Promise<RunningService> {
    const running = await effects.start({
      env: { DATABASE_URL: pooledUrl(database.url, pooler), ...env },
      mode: 'test',
      clock: systemClock,
      log: createLogger({ level: 'warn', write: (line) => lines.push(line) }),
      notify: () => {},
    })
    ends.push(() => running.stop())
    return running
  }

  async function startBoth(): Promise<readonly [RunningService, RunningService]> {
    const env = { DATABASE_DIRECT_URL: database.url }
    return [await start(env), await start(env)]
  }

  async function startWorker(running: RunningService): Promise<void> {
    const worker = await running.startWorker()
    ends.push(async () => worker?.stop(1_000))
  }

  async function record(running: RunningService, name: string, key: string): Promise<Answer> {
    return running.call({
      operation: 'record',
      input: { path: {}, query: {}, body: { name } },
      header: (header) => (header === 'idempotency-key' ? key : undefined),
    })
  }

  async function read(
    running: RunningService,
    operation: string,
    { given = {}, timeoutMs = 200 + Math.round(Math.random() * 4_000) }: Reading = {},
  ): Promise<Answer> {
    return running.call({
      operation,
      input: { path: {}, query: given, body: undefined },
      header: (name) => (name === 'request-timeout' ? `${timeoutMs}ms` : undefined),
    })
  }

  const namesOf = async (): Promise<string[]> =>
    (await looking.query<{ name: string }>('select name from effects order by name')).rows.map(
      ({ name }) => name,
    )

  test('duplicates in two processes have one effect, one job and one message', async () => {
    const processes = await startBoth()
    await startWorker(processes[1])
    const keys = Array.from({ length: 8 }, () => randomUUIDv7())
    const answers = await Promise.all(
      keys.flatMap((key) =>
        [0, 1, 0, 1].map((which) =>
          until(async () => {
            const answer = await record(processes[which]!, key, key)
            return answer.status === 200 && answer.body
          }),
        ),
      ),
    )
    expect(answers).toEqual(keys.flatMap((key) => [1, 2, 3, 4].map(() => JSON.stringify({ name: key }))))
    await until(async () => (await namesOf()).length === 3 * keys.length)
    expect(await namesOf()).toEqual(keys.flatMap((key) => [key, `job ${key}`, `message ${key}`]).sort())
    expect(lines).toEqual([])
  })

  test('the limits of one statement never apply to the next statement in the session', async () => {
    const [running] = await startBoth()
    await Promise.all(Array.from({ length: 30 }, () => read(running, 'sleep')))
    await Promise.all(Array.from({ length: 10 }, (_, index) => record(running, `${index}`, randomUUIDv7())))
    const pooled = openDriverPool({ connectionString: pooledUrl(database.url, pooler), max: 1 })
    ends.push(() => pooled.end())
    const seen = new Map<number, unknown>()
    for (let times = 0; times < 40; times += 1) {
      const { rows } = await pooled.query<{ pid: number; limits: object }>(`
        select pg_backend_pid() as pid, jsonb_build_array(
          current_setting('statement_timeout'), current_setting('idle_in_transaction_session_timeout'),
          current_setting('default_transaction_read_only'), current_setting('transaction_read_only'),
          (select count(*) from pg_prepared_statements)) as limits`)
      seen.set(rows[0]!.pid, rows[0]!.limits)
    }
    expect(seen.size).toBeGreaterThan(1)
    expect([...seen.values()]).toEqual([...seen].map(() => ['0', '0', 'off', 'off', 0]))
  })

  test.each([
    `insert into effects values ('sneaked')`,
    `select 1; commit; insert into effects values ('sneaked')`,
    'commit',
    'begin read write',
    'set transaction read write',
  ])('a query cannot write: %s', async (text) => {
    const [running] = await startBoth()
    expect((await read(running, 'sneak', { given: { text: [text] } })).status).toBe(500)
    expect(await namesOf()).toEqual([])
  })

  test('cancelling the statement of one call never cancels the statement of another call', async () => {
    const processes = await startBoth()
    const others: Promise<Answer>[] = []
    const ending = Array.from({ length: 120 }, async (_, n) => {
      const running = processes[n % 2]!
      // The statement takes 20 ms: some calls end before it, some during it, and some while another
      // call gets the session.
      const ended = await read(running, 'sleep', { timeoutMs: 1 + (n % 45) })
      others.push(
        n % 4 === 0 ? record(running, `${n}`, randomUUIDv7()) : read(running, 'sleep', { timeoutMs: 10_000 }),
      )
      return ended.status
    })
    const statuses = new Set(await Promise.all(ending))
    expect(statuses.has(504)).toBe(true)
    const answered = await Promise.all(others)
    expect(answered.filter(({ status }) => status >= 400)).toEqual([])
  })

  test('behind PgBouncer, workers are woken through a separate session', async () => {
    const [running] = await startBoth()
    await startWorker(running)
    await until(async () => {
      const { rows } = await looking.query(
        `select from pg_stat_activity where datname = current_database() and query = 'listen holdfast_wake'`,
      )
      return rows.length === 1
    })
  })

  test('migrations are not applied through PgBouncer', async () => {
    await expect(start({})).rejects.toMatchObject({
      code: 'migration-through-pooler',
      message: expect.stringContaining('DATABASE_DIRECT_URL'),
    })
    expect((await looking.query(`select to_regnamespace('holdfast') as schema`)).rows).toEqual([
      { schema: null },
    ])
  })

  test('without a direct URL, a service logs the unavailable features and runs', async () => {
    await (await start({ DATABASE_DIRECT_URL: database.url })).stop()
    const running = await start({})
    expect(lines).toEqual([expect.stringContaining('DATABASE_DIRECT_URL is not set')])
    await startWorker(running)
    expect((await record(running, 'one', randomUUIDv7())).status).toBe(200)
    await until(async () => (await namesOf()).length === 3)
    const { rows } = await looking.query(
      `select from pg_stat_activity where datname = current_database() and query like 'listen %'`,
    )
    expect(rows).toEqual([])
  })

  test('a direct URL that points to the pooler is rejected', async () => {
    await expect(start({ DATABASE_DIRECT_URL: pooledUrl(database.url, pooler) })).rejects.toMatchObject({
      code: 'configuration-invalid',
      message: expect.stringContaining('DATABASE_DIRECT_URL points to a connection pooler'),
    })
  })

  test('a direct URL that points to another database is rejected', async () => {
    const other = await createTestDatabase()
    try {
      await expect(start({ DATABASE_DIRECT_URL: other.url })).rejects.toMatchObject({
        code: 'configuration-invalid',
        message: expect.stringContaining('DATABASE_DIRECT_URL points to a different database'),
      })
    } finally {
      await other.drop()
    }
  })

  test('calls are rejected while PgBouncer is unreachable, and succeed when it is back', async () => {
    const [running] = await startBoth()
    await record(running, 'before', randomUUIDv7())
    await pooler.kill()
    const key = randomUUIDv7()
    expect((await record(running, 'after', key)).status).toBe(503)
    expect((await read(running, 'sleep')).status).toBe(503)
    await pooler.restart()
    await until(async () => (await record(running, 'after', key)).status === 200)
    expect(await namesOf()).toEqual(['after', 'before'])
  })
})
