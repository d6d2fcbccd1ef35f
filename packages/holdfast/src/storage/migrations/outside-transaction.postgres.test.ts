import { until } from 'holdfast/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Migration } from './migration.ts'
import { type Migrating, openMigrating } from './migrating.fixture.ts'

let migrating: Migrating

beforeAll(async () => {
  migrating = await openMigrating()
})

beforeEach(() => migrating.reset())

afterAll(() => migrating[Symbol.asyncDispose]())

const table: Migration = { name: '0001-table', sql: 'create table things (id int primary key, name text);' }
const alone = (sql: string): Migration => ({ name: '0002-alone', sql: `-- holdfast: no transaction\n${sql}` })
const index = alone('create index concurrently things_name on things (name);')

interface IndexState {
  readonly name: string
  readonly valid: boolean
}

const indexes = (): Promise<IndexState[]> =>
  migrating.sql<IndexState>(`
    select c.relname as name, i.indisvalid as valid from pg_index i join pg_class c on c.oid = i.indexrelid
    where i.indrelid = 'things'::regclass or i.indrelid = (select reltoastrelid from pg_class where oid = 'things'::regclass)
    order by 1`)

const names = async (): Promise<readonly string[]> =>
  (await migrating.sql<{ name: string }>('select name from holdfast.migrations order by name')).map(
    ({ name }) => name,
  )

const begun = (): Promise<unknown[]> => migrating.sql('select from holdfast.migrations_begun')

/** Starts a transaction with a snapshot, which blocks CONCURRENTLY statements until it ends. */
async function holdUp(): Promise<{ end(): Promise<unknown> }> {
  const holder = await migrating.open('the holder')
  await holder.query(`begin isolation level repeatable read; select 'a secret value' from things`)
  return { end: () => holder.query('rollback') }
}

/** Applies blocked migrations repeatedly, until the error names the blocking session. */
async function failBlocked(migrations: readonly Migration[]): ReturnType<Migrating['fail']> {
  let failure: Awaited<ReturnType<Migrating['fail']>> | undefined
  await until(async () => {
    failure = await migrating.fail(migrations, { lockTimeoutMs: 150, retryMs: 0 })
    return failure.message.includes('the holder')
  })
  return failure!
}

/** Leaves behind the invalid index of an interrupted CREATE INDEX CONCURRENTLY. */
async function leaveInvalid(statement: string): Promise<void> {
  const [holder, maker] = [await holdUp(), await migrating.open('interrupted')]
  await maker.query('set lock_timeout = 1')
  await expect(maker.query(statement)).rejects.toThrow('lock timeout')
  await holder.end()
}

describe('concurrent indexes', () => {
  test.each(['', 'if not exists '])(
    'a concurrent index is built even if a transaction blocked it for longer than the lock timeout (%s)',
    async (condition) => {
      await migrating.apply([table])
      const holder = await holdUp()
      const report = migrating.apply(
        [table, alone(`create unique index concurrently ${condition}things_name on things (name);`)],
        { lockTimeoutMs: 50, retryMs: 60_000 },
      )
      await until(() => migrating.events.some(({ kind }) => kind === 'delayed'))
      await holder.end()
      expect((await report).applied).toHaveLength(1)
      expect(await indexes()).toContainEqual({ name: 'things_name', valid: true })
      await expect(migrating.sql(`insert into things values (1, 'a'), (2, 'a')`)).rejects.toThrow('duplicate')
    },
  )

  test.each(['', 'if not exists '])(
    'a concurrent index replaces the remains of an interrupted attempt (%s)',
    async (condition) => {
      await migrating.apply([table])
      await leaveInvalid('create unique index concurrently "Things" on things (name)')
      expect(await indexes()).toContainEqual({ name: 'Things', valid: false })
      await migrating.apply([
        table,
        alone(`create unique index concurrently ${condition}"Things" on things (name)`),
      ])
      expect(await indexes()).toContainEqual({ name: 'Things', valid: true })
    },
  )

  test('a concurrent index that stays blocked is reported with its blockers, without any values', async () => {
    await migrating.apply([table])
    const holder = await holdUp()
    const { code, message } = await failBlocked([table, index])
    expect(code).toBe('migration-blocked')
    expect(message).toMatch(
      /Blocked by: pid \d+, application_name "the holder", user \S+, idle in transaction, transaction age \d+\.\d s, query age/,
    )
    expect(message).not.toContain('secret')
    expect(message).toContain('It left the invalid index things_name, which could not be cleaned up')
    await holder.end()
    await migrating.apply([table, index])
    expect(await indexes()).toContainEqual({ name: 'things_name', valid: true })
    expect(await begun()).toEqual([])
  })

  test('a concurrent unique index leaves nothing if existing rows violate it', async () => {
    await migrating.apply([table])
    await migrating.sql(`insert into things values (1, 'a'), (2, 'a')`)
    const unique = alone('create unique index concurrently u on things (name);')
    const { message } = await migrating.fail([table, unique])
    expect(message).toContain('Key (name)=(a) is duplicated')
    expect(message).toContain('It was rolled back completely.')
    expect(await indexes()).not.toContainEqual(expect.objectContaining({ name: 'u' }))
    expect(await begun()).toEqual([])
    await migrating.sql('delete from things where id = 2')
    await migrating.apply([table, unique])
    expect(await names()).toEqual(['0001-table', '0002-alone'])
  })

  test('a concurrent index counts as applied if the process crashed after building it, before writing its journal row', async () => {
    await migrating.apply([table, index])
    await migrating.sql(`
      insert into holdfast.migrations_begun (owner, name) values ('app', '0002-alone');
      delete from holdfast.migrations where name = '0002-alone'`)
    await migrating.apply([table, index])
    expect(migrating.events).toContainEqual({ kind: 'begun-before', owner: 'app', name: '0002-alone' })
    expect(await names()).toEqual(['0001-table', '0002-alone'])
    expect(await begun()).toEqual([])
  })

  test('a migration does not adopt an index that existed before', async () => {
    await migrating.apply([table])
    await migrating.sql('create index things_name on things (id)')
    for (let start = 0; start < 2; start += 1) {
      expect((await migrating.fail([table, index])).message).toContain('already exists')
    }
    expect(await names()).toEqual(['0001-table'])
  })

  test.each([
    ['on another table', 'create table others (id int); create index things_name on others (id)'],
    ['that is not unique', 'create index things_name on things (name)'],
  ])('a migration does not adopt an index of the same name %s', async (_, sql) => {
    await migrating.apply([table])
    await migrating.sql(sql)
    const statement = 'unique index concurrently if not exists things_name on things (name)'
    for (const migration of [
      alone(`create ${statement}`),
      { name: '0002-in', sql: `create ${statement.replace('concurrently ', '')}` },
    ]) {
      const { code, message } = await migrating.fail([table, migration])
      expect(code).toBe('migration-failed')
      expect(message).toContain('belongs to another table, or is not unique')
    }
    expect(await names()).toEqual(['0001-table'])
  })

  test('a concurrent index must have a name', async () => {
    const { code, message } = await migrating.fail([
      table,
      alone('create index concurrently on things (name)'),
    ])
    expect(code).toBe('migration-failed')
    expect(message).toContain('line 2, column 1: create index concurrently on things (name)')
    expect(message).toContain('Name it')
  })

  test('an invalid concurrent index is not adopted by a migration that creates it in a transaction', async () => {
    await migrating.apply([table])
    await leaveInvalid('create index concurrently things_name on things (name)')
    await migrating.apply([
      table,
      { name: '0002-in', sql: 'create index if not exists things_name on things (name)' },
    ])
    expect(await indexes()).toContainEqual({ name: 'things_name', valid: true })
  })
})

describe('other concurrent statements', () => {
  test('DROP INDEX CONCURRENTLY drops an index that an interrupted attempt left invalid', async () => {
    await migrating.apply([table, { name: '0001-x', sql: 'create index things_name on things (name)' }])
    const all = [table, alone('drop index concurrently things_name')]
    await leaveInvalid('drop index concurrently things_name')
    await migrating.apply(all)
    expect(await indexes()).not.toContainEqual(expect.objectContaining({ name: 'things_name' }))
    await migrating.sql(`
      insert into holdfast.migrations_begun (owner, name) values ('app', '0002-alone');
      delete from holdfast.migrations where name = '0002-alone'`)
    await migrating.apply(all)
    expect(await names()).toContain('0002-alone')
  })

  test.each(['table things', 'index things_pkey', 'schema public', 'database'])(
    'REINDEX rebuilds %s, and drops the copies that an interrupted attempt left',
    async (what) => {
      await migrating.apply([table])
      const before = await indexes()
      const left = what === 'index things_pkey' ? what : 'table things'
      await leaveInvalid(`reindex ${left.replace(' ', ' concurrently ')}`)
      expect((await indexes()).map(({ name }) => name)).toContain('things_pkey_ccnew')
      // Postgres 14 requires the name of the database in REINDEX DATABASE.
      const [row] = await migrating.sql<{ name: string }>('select current_database() as name')
      const target = what === 'database' ? `database "${row?.name}"` : what
      await migrating.apply([table, alone(`reindex ${target.replace(' ', ' concurrently ')}`)])
      expect(await indexes()).toEqual(before)
    },
  )

  test('DETACH detaches a partition that an interrupted attempt left pending', async () => {
    const parts: Migration = {
      name: '0001-table',
      sql: 'create table things (id int) partition by list (id); create table one partition of things for values in (1)',
    }
    const detach = alone('alter table things detach partition one concurrently')
    await migrating.apply([parts])
    const holder = await holdUp()
    const { message } = await migrating.fail([parts, detach], { lockTimeoutMs: 20, retryMs: 0 })
    expect(message).toContain('It left the partition "one", whose detachment is pending')
    await holder.end()
    await migrating.apply([parts, detach])
    expect(await migrating.sql('select from pg_inherits')).toEqual([])
    expect(await names()).toEqual(['0001-table', '0002-alone'])
  })
})

describe('migrations without a transaction', () => {
  test.each([[`alter type mood add value 'good'`], ['alter table things validate constraint positive']])(
    'a statement that can run in a transaction is applied with its journal row, or not at all: %s',
    async (sql) => {
      const first: Migration = {
        name: '0001-first',
        sql: `create type mood as enum ('bad'); create table things (id int);
        alter table things add constraint positive check (id > 0) not valid`,
      }
      await migrating.apply([first])
      // Prevents the journal row from being written. If the statement had run outside the row's
      // transaction, its effect would remain.
      await migrating.sql(`
      create function refuse() returns trigger language plpgsql as $$ begin raise 'no row today'; end $$;
      create trigger refuse before insert on holdfast.migrations for each row execute function refuse()`)
      expect((await migrating.fail([first, alone(sql)])).message).toContain('no row today')
      expect(await migrating.sql(`select from pg_enum where enumlabel = 'good'`)).toEqual([])
      expect(
        await migrating.sql(`select from pg_constraint where conname = 'positive' and convalidated`),
      ).toEqual([])
      await migrating.sql('drop trigger refuse on holdfast.migrations')
      await migrating.apply([first, alone(sql)])
      expect(await names()).toEqual(['0001-first', '0002-alone'])
    },
  )

  test.each(['vacuum things', 'do $$ begin insert into things values (1); commit; end $$'])(
    'a statement that cannot run in a transaction runs without one: %s',
    async (sql) => {
      await migrating.apply([table, alone(sql)])
      expect(await names()).toEqual(['0001-table', '0002-alone'])
    },
  )

  test('a migration that committed a part of itself runs again, and reports it', async () => {
    const half = alone(`do $$ begin
      insert into things values (1) on conflict do nothing; commit;
      if not exists (select from things where id = 2) then raise 'not yet'; end if; end $$`)
    const { message } = await migrating.fail([table, half])
    expect(message).toContain('committed changes are kept, and the next start runs it again')
    await migrating.sql('insert into things values (2)')
    await migrating.apply([table, half])
    expect(await names()).toEqual(['0001-table', '0002-alone'])
  })

  test('a separate file without a transaction is suggested for a statement that cannot run in one', async () => {
    const { message } = await migrating.fail([
      table,
      { name: '0002-in', sql: 'create index concurrently i on things (name)' },
    ])
    expect(message).toContain('whose first line is: -- holdfast: no transaction')
  })
})
