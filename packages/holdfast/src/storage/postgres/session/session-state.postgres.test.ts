import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ActingService, startActing, statement } from '../transaction/acting.fixture.ts'

// Queries and mutations have one connection each, so that each call uses the previous call's
// session.

let acting: ActingService

beforeAll(async () => {
  acting = await startActing()
  await acting.sql(`
    create role someone;
    grant someone to current_user;
    grant usage on schema holdfast to someone;
    grant all on all tables in schema holdfast to someone;
    create sequence numbers;
    create table touched (id int);
    create function leave_setting() returns void language plpgsql as
      $$ begin perform set_config('app.tenant', 'ann', false); set role someone; end $$;
    create function leave_listening() returns void language plpgsql as $$ begin execute 'listen somewhere'; end $$;
    create function leave_cursor() returns void language plpgsql as
      $$ begin execute 'declare held cursor with hold for select 1'; end $$;
    create function touch() returns trigger language plpgsql as
      $$ begin perform set_config('app.tenant', 'ann', false); perform pg_advisory_lock(7); return new; end $$;
    create trigger touch before insert on touched for each row execute function touch();
    create view leaving as select set_config('app.tenant', 'ann', false) as tenant`)
})

afterAll(async () => {
  await acting.sql('drop owned by someone; drop role someone')
  await acting[Symbol.asyncDispose]()
})

const state = statement(`
  select coalesce(current_setting('app.tenant', true), '') as tenant, session_user = current_user as "isItself",
    to_regclass('pg_temp.scratch') is not null as "hasTable",
    current_setting('default_transaction_read_only') as "readOnly", current_setting('statement_timeout') = '1ms' as "isShort",
    current_setting('work_mem') as memory,
    (select count(*)::int from pg_locks where locktype = 'advisory' and objid between 1 and 99) as locks,
    (select count(*)::int from pg_cursors where is_holdable) as cursors,
    (select count(*)::int from pg_listening_channels()) as channels,
    (select count(*)::int from pg_prepared_statements where from_sql) as prepared`)

const leaving: readonly (readonly [what: string, text: string])[] = [
  ['a setting', `select set_config('app.tenant', 'ann', false)`],
  ['a limit', `select set_config('statement_timeout', '1', false), set_config('work_mem', '1MB', false)`],
  ['a setting and a role, by a function', 'select leave_setting()'],
  ['a setting, by a view', 'select * from leaving'],
  ['a lock', 'select pg_advisory_lock(7), pg_advisory_lock_shared(8), pg_advisory_lock(7)'],
  ['a cursor', 'select leave_cursor()'],
  ['a channel', 'select leave_listening()'],
]

const leavingByMutation: typeof leaving = [
  ...leaving,
  ['a setting, by a block', `do $$ begin perform set_config('app.tenant', 'ann', false); end $$`],
  ['a setting and a lock, by a trigger', 'insert into touched values (1)'],
  ['a temporary table', 'create temporary table scratch as select 1 as secret'],
  ['a prepared statement, by a block', `do $$ begin execute 'prepare kept as select 1'; end $$`],
]

const stateOf = async (): Promise<readonly unknown[]> => [await acting.read(state), await acting.write(state)]

describe('state of a session', () => {
  test.each(leaving)('state that a query leaves behind does not reach the next call: %s', async (_, text) => {
    const before = await stateOf()
    await acting.read(statement(text))
    expect(await stateOf()).toEqual(before)
  })

  test.each(leavingByMutation)(
    'state that a mutation leaves does not reach the next call: %s',
    async (_, text) => {
      const before = await stateOf()
      await acting.write(statement(text))
      expect(await stateOf()).toEqual(before)
    },
  )

  test('a lock that a failed mutation took does not reach the next call', async () => {
    await expect(
      acting.write(async (db) => {
        await db.query(`select pg_advisory_lock(7)`)
        throw new Error('no')
      }),
    ).rejects.toThrow(/./)
    // The session is reset before its next use, which need not be before the answer.
    await expect
      .poll(() => acting.sql(`select from pg_locks where locktype = 'advisory' and objid = 7`))
      .toEqual([])
  })

  test('the last number of a sequence does not reach the next call', async () => {
    await acting.write(statement(`select nextval('numbers')`))
    await expect(acting.write(statement('select lastval()'))).rejects.toThrow(/./)
  })

  test('a lock of a call is released before its session is used again', async () => {
    await acting.write(statement('select pg_advisory_lock(9)'))
    await acting.read(statement('select pg_advisory_lock(9)'))
    await expect
      .poll(() => acting.sql(`select from pg_locks where locktype = 'advisory' and objid = 9`))
      .toEqual([])
  })
})

describe('queries', () => {
  test.each([
    `select 1; set transaction read write; insert into touched values (2)`,
    `select 1; commit; begin read write; insert into touched values (2); commit`,
    `do $$ begin perform set_config('default_transaction_read_only', 'off', false); commit; insert into touched values (2); end $$`,
    `with written as (insert into touched values (2) returning id) select id from written`,
  ])('a query cannot write with %s', async (text) => {
    await expect(acting.read(statement(text))).rejects.toThrow(/./)
    expect(await acting.sql('select from touched where id = 2')).toEqual([])
  })

  test('a query cannot write, even in a session that it made writable', async () => {
    await acting.read(statement(`select set_config('default_transaction_read_only', 'off', false)`))
    await expect(acting.read(statement('insert into touched values (2)'))).rejects.toThrow(/./)
    const both: Parameters<ActingService['read']>[0] = async (db) => {
      await db.query(`select set_config('default_transaction_read_only', 'off', false)`)
      await db.query('insert into touched values (2)')
    }
    await expect(acting.read(both)).rejects.toThrow(/./)
    expect(await acting.sql('select from touched where id = 2')).toEqual([])
  })
})

test.each(['prepare one as select 1', 'execute one', `load 'plpgsql'`])(
  'a handler cannot run: %s',
  async (text) => {
    await expect(acting.write(statement(text))).rejects.toThrow(/./)
  },
)
