import { randomUUID } from 'node:crypto'
import { anyone, createLogger, event, holdfast, type RunningService, systemClock } from 'holdfast'
import { connectClient, postgres, sql } from 'holdfast/postgres'
import { createTestDatabase, type TestDatabase, until } from 'holdfast/testing'
import type pg from 'pg'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { migrate, type MigrationReport } from '../../storage/migrations/migrate.ts'
import type { Migration } from '../../storage/migrations/migration.ts'
import type { MigrationEvent } from '../../storage/migrations/event.ts'
import { frameworkMigrations } from './migrations.ts'
import { schemaVersion } from './schema-version.ts'

let database: TestDatabase
let client: pg.Client
let events: MigrationEvent[]

beforeEach(async () => {
  database = await createTestDatabase()
  client = await connectClient({ connectionString: database.url, applicationName: 'test' })
  events = []
})

afterEach(async () => {
  await client.end()
  await database.drop()
})

const base: Migration = { name: '0001-things', sql: 'create table things (id int primary key, a int)' }
const expand: Migration = { name: '0002-b', sql: 'alter table things add column b int' }
const contract: Migration = {
  name: '0003-no-a',
  sql: 'alter table things drop column a',
  needsVersion: 2,
}

/** Runs the migrations of a program built for this schema version. */
function start(version: number, migrations: readonly Migration[]): Promise<MigrationReport> {
  return migrate({
    connectionString: database.url,
    migrations: [{ owner: 'holdfast', migrations, version, sharesSession: true }],
    notify: (reported) => events.push(reported),
  })
}

const columns = async (): Promise<readonly string[]> => {
  const { rows } = await client.query<{ name: string }>(
    `select column_name as name from information_schema.columns where table_name = 'things' order by 1`,
  )
  return rows.map(({ name }) => name)
}

describe('versions of the program', () => {
  test('a version starts after a newer version has expanded the schema, and after a rollback', async () => {
    await start(1, [base])
    await start(2, [base, expand])
    expect(await start(1, [base])).toEqual({ applied: [], appliedBefore: 1 })
    expect(events.at(-1)).toEqual({ kind: 'unknown', owner: 'holdfast', name: '0002-b' })
    expect(await columns()).toEqual(['a', 'b', 'id'])
  })

  test('a version that needs what a newer version has removed does not start, and changes nothing', async () => {
    await start(3, [base, expand, contract])
    await expect(start(1, [base, { name: '0009-c', sql: 'create table c ()' }])).rejects.toMatchObject({
      code: 'schema-too-new',
      message: expect.stringContaining(
        'holdfast/0003-no-a): they require schema version 2, but this version of Holdfast supports 1',
      ),
    })
    const { rows } = await client.query(`select to_regclass('c') as made`)
    expect(rows).toEqual([{ made: null }])
    // The intermediate version lacks the migration, but already works without the columns that the
    // migration removes.
    expect(await start(2, [base, expand])).toMatchObject({ applied: [] })
  })

  test('a version reads a journal from before versions were recorded', async () => {
    await start(1, [base])
    await client.query('alter table holdfast.migrations drop column needs_version')
    expect(await start(1, [base])).toMatchObject({ applied: [], appliedBefore: 1 })
  })

  test('many processes upgrade a database at once, while the old version starts too', async () => {
    await start(1, [base])
    const reports = await Promise.all([
      ...Array.from({ length: 5 }, () => start(2, [base, expand])),
      start(1, [base]),
    ])
    expect(reports.flatMap(({ applied }) => applied.map(({ name }) => name))).toEqual(['0002-b'])
  })

  test('the current version supports its own migrations', () => {
    for (const { name, needsVersion = 0 } of frameworkMigrations)
      expect(needsVersion, name).toBeLessThanOrEqual(schemaVersion)
  })
})

describe('roles without privileges', () => {
  const happened = event('it.happened', { payload: z.object({ name: z.string() }) })
  const heard: string[] = []
  const { mutation, consumer, service } = holdfast({ database: postgres() })
  const app = service({
    name: 'restricted',
    operations: {
      write: mutation({
        route: 'POST /write',
        access: anyone('a test'),
        async run({ db, publish }) {
          await db.query(sql`select 1`)
          await publish(happened, 'key', { name: 'a' })
        },
      }),
    },
    consumers: [
      consumer({
        name: 'hear',
        event: happened,
        run: ({ message }) => void heard.push(message.payload.name),
      }),
    ],
  })
  const startService = (url: string): Promise<RunningService> =>
    app.start({
      env: { DATABASE_URL: url },
      mode: 'test',
      clock: systemClock,
      log: createLogger({ level: 'error', write: (line) => process.stderr.write(`${line}\n`) }),
      notify: () => {},
    })

  test('a role that cannot create tables gets an error that names the role to apply the migrations with, and then works', async () => {
    const role = `restricted_${randomUUID().replaceAll('-', '')}`
    await client.query(`create role ${role} login password 'pw'`)
    const url = new URL(database.url)
    url.username = role
    url.password = 'pw'
    await expect(startService(url.href)).rejects.toMatchObject({
      code: 'migration-forbidden',
      message: expect.stringMatching(
        `the role "${role}" lacks the permission to apply them: permission denied`,
      ),
    })
    await (await startService(database.url)).stop()
    await client.query(`
      grant usage on schema holdfast to ${role};
      grant select, insert, update, delete, truncate on all tables in schema holdfast to ${role};
      grant usage, select, update on all sequences in schema holdfast to ${role}`)
    const running = await startService(url.href)
    const worker = await running.startWorker()
    const answer = await running.call({
      operation: 'write',
      input: { path: {}, query: {}, body: undefined },
      header: (name) => (name === 'idempotency-key' ? randomUUID() : undefined),
    })
    expect(answer.status).toBe(204)
    await until(() => heard.length === 1)
    await worker?.stop(1_000)
    await running.stop()

    // The role cannot apply migrations of a newer version.
    await expect(
      migrate({
        connectionString: url.href,
        migrations: [
          {
            owner: 'holdfast',
            migrations: [...frameworkMigrations, { name: '0099-x', sql: 'create table holdfast.x ()' }],
          },
        ],
      }),
    ).rejects.toMatchObject({ code: 'migration-forbidden' })
    await client.query(`drop owned by ${role}; drop role ${role}`)
  })
})
