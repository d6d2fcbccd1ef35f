import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Migration } from './migration.ts'
import { type Migrating, openMigrating } from './migrating.fixture.ts'
import { parseStatements } from './parse-statements.ts'
import { unknownRecovery } from './recovery-of.ts'
import { runInTransaction } from './run-in-transaction.ts'
import { runOutside } from './run-outside.ts'

let migrating: Migrating

beforeAll(async () => {
  migrating = await openMigrating()
})

beforeEach(() => migrating.reset())

afterAll(() => migrating[Symbol.asyncDispose]())

// Reads the session state that an earlier file might have changed.
const look: Migration = {
  name: '0002-look',
  sql: `create table public.seen as select current_user::text, session_user::text, current_setting('search_path') as path,
    current_setting('app.tenant', true) as tenant, current_setting('session_replication_role') as triggers,
    current_setting('timezone') as zone, current_setting('statement_timeout') as timeout,
    to_regclass('pg_temp.mine') is not null as "hasTemporaryTable",
    (select count(*) from pg_locks where pid = pg_backend_pid() and locktype = 'advisory')::int as locks,
    (select count(*) from pg_prepared_statements)::int as prepared, (select count(*) from pg_listening_channels())::int as channels`,
}

test.each([
  ['set search_path', 'create schema elsewhere; set search_path = elsewhere'],
  ['the set_config of a dump', `select pg_catalog.set_config('search_path', '', false)`],
  ['set role', 'set role pg_monitor'],
  ['set session authorization', 'set session authorization pg_monitor'],
  ['a setting of its own', `set app.tenant = 'ann'`],
  [
    'several settings',
    `set session_replication_role = replica; set timezone = 'Asia/Tokyo'; set statement_timeout = '7s'`,
  ],
  [
    'a setting of the database',
    `do $$ begin execute format('alter database %I set app.tenant to ''bob''', current_database()); end $$`,
  ],
  ['a temporary table', 'create temporary table mine (id int)'],
  ['an advisory lock', 'select pg_advisory_lock(7), pg_advisory_lock_shared(8, 9)'],
  [
    'prepared statements, channels and cursors',
    'prepare one as select 1; listen news; declare c cursor with hold for select 1',
  ],
])('a migration file does not affect the next one: %s', async (_, sql) => {
  const first: Migration = { name: '0001-first', sql }
  const seen = async (): Promise<unknown> => (await migrating.sql('select * from public.seen'))[0]
  await migrating.apply([first])
  await migrating.apply([first, look])
  const inTwoStarts = await seen()
  await migrating.reset()
  await migrating.apply([first, look])
  expect(await seen()).toEqual(inTwoStarts)
})

test('a file that changes its role is recorded with the role of the migration', async () => {
  const sql =
    'create schema elsewhere; grant all on schema elsewhere to pg_monitor; set role pg_monitor; create table elsewhere.made (id int)'
  await migrating.apply([{ name: '0001-role', sql }])
  expect(await migrating.sql('select name from holdfast.migrations')).toEqual([{ name: '0001-role' }])
  expect(await migrating.sql(`select tableowner from pg_tables where tablename = 'made'`)).toEqual([
    { tableowner: 'pg_monitor' },
  ])
})

test('deferred checks run with the settings of the file, and fail with its name', async () => {
  const sql = `create table parents (id int primary key);
    create table children (parent int references parents deferrable initially deferred); insert into children values (1)`
  const { code, message } = await migrating.fail([{ name: '0001-deferred', sql }])
  expect(code).toBe('migration-failed')
  expect(message).toContain('app/0001-deferred')
  expect(message).toContain('SQLSTATE 23503')
})

test.each([
  ['in a transaction', runInTransaction],
  ['outside of one', runStatementOutside],
] as const)('the isolation level of a migration is set explicitly: %s', async (_, runMigration) => {
  await migrating.apply([{ name: '0000-first', sql: 'select 1' }])
  const client = await migrating.open('serializable')
  await client.query(`set default_transaction_isolation = 'serializable'`)
  await migrating.sql(`
    alter table holdfast.migrations add column level text default current_setting('transaction_isolation')`)
  const sql = 'create schema elsewhere'
  const migration = { owner: 'app', name: '0001-look', sql }
  const run = { client, lockTimeoutMs: 60_000, startMs: performance.now() }
  await runMigration(migration, await parseStatements(migration), run)
  expect(await migrating.sql(`select level from holdfast.migrations where name = '0001-look'`)).toEqual([
    { level: 'read committed' },
  ])
})

function runStatementOutside(
  ...[migration, [statement], run]: Parameters<typeof runInTransaction>
): Promise<void> {
  return runOutside(migration, { statement: statement!, recovery: unknownRecovery }, run)
}
