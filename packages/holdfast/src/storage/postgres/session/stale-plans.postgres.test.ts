import { describe, expect, test } from 'vitest'
import {
  type Act,
  type ActingService,
  Refused,
  startActing,
  statement,
  thrice,
} from '../transaction/acting.fixture.ts'

const insertNumber = (n: number): Act => statement('insert into events (n) values ($1)', [n])
const insertNote = statement('insert into events (note) values ($1)', ['ok'])
const insertMood = statement('insert into events (mood) values ($1)', ['ok'])
const findNote = statement('select count(*)::int as found from events where note = $1', ['ok'])
const findMood = statement('select mood from events where mood = $1', ['ok'])

describe('manual changes of a table', () => {
  const changes: readonly [change: string, act: Act, afterwards: Act][] = [
    ['alter table events alter column n type bigint', insertNumber(1), insertNumber(3_000_000_000)],
    ['alter table events alter column note type mood using note::mood', insertNote, insertNote],
    [
      `create type mood2 as enum ('ok');
       alter table events alter column mood type mood2 using mood::text::mood2;
       drop type mood;
       alter type mood2 rename to mood`,
      insertMood,
      insertMood,
    ],
    ['alter table events add column more int', ...same(statement('select * from events'))],
    ['alter table events add column more int', ...same(statement('select * from events', [], 'mine'))],
    [
      `drop view holdfast.idempotency_keys;
       do $$ begin for leaf in 0..7 loop
         execute format('alter table holdfast.idempotency_keys_%s alter column status type integer', leaf);
       end loop; end $$`,
      ...same(insertNote),
    ],
  ]

  test.each(changes)(
    'a mutation runs again at most once after its table has changed: %s',
    async (change, act, afterwards) => {
      await using acting = await startActing()
      await thrice(() => acting.write(act))
      await acting.sql(change)
      const runsBefore = acting.runs
      await acting.write(afterwards)
      expect(acting.runs - runsBefore).toBeLessThanOrEqual(2)
      const runsBetween = acting.runs
      await thrice(() => acting.write(afterwards))
      expect(acting.runs - runsBetween).toBe(3)
    },
  )

  const reads: readonly [change: string, act: Act][] = [
    ['alter table events alter column note type mood using note::mood', findNote],
    [
      `create type mood2 as enum ('ok');
       alter table events alter column mood type mood2 using mood::text::mood2;
       drop type mood`,
      findMood,
    ],
    ['alter table events add column more int', statement('select * from events', [], 'mine')],
  ]

  test.each(reads)('no query fails because its table has changed: %s', async (change, act) => {
    await using acting = await startActing()
    await thrice(() => acting.read(act))
    await acting.sql(change)
    await thrice(() => acting.read(act))
  })
})

test('an answer that a handler derives from a failure of a stale plan is not final', async () => {
  await using acting = await startActing()
  const insertOrRefuse =
    (n: number): Act =>
    (db) =>
      insertNumber(n)(db).catch(() => {
        throw Refused()
      })
  await thrice(() => acting.write(insertOrRefuse(1)))
  await acting.sql('alter table events alter column n type bigint')
  await acting.write(insertOrRefuse(3_000_000_000))
})

test('an invalid statement fails in the same way as an unprepared statement', async () => {
  await using acting = await startActing()
  await thrice(() => acting.write(insertNumber(1)))
  for (let times = 0; times < 6; times += 1) {
    const runsBefore = acting.runs
    await expect(acting.write(insertNumber(3_000_000_000))).rejects.toMatchObject({ status: 500 })
    expect(acting.runs - runsBefore).toBeLessThanOrEqual(2)
  }
  const select = (text: string): Act => statement('select n from events where n = $1', [text])
  await thrice(() => acting.read(select('1')))
  await expect(acting.read(select('x'))).rejects.toMatchObject({ status: 500 })
  await acting.read(select('1'))
})

test('a session that has lost a prepared name does not fail', async () => {
  await using acting = await startActing()
  await thrice(() => acting.write(insertNote))
  await acting.write(statement(`do $$ begin execute 'deallocate all'; end $$`))
  const runsBefore = acting.runs
  await thrice(() => acting.write(insertNote))
  expect(acting.runs - runsBefore).toBe(3)
})

// decisions/022 lists which stale statements Postgres reports.
describe('prepared statements with an outdated parameter type', () => {
  const precise = 0.123456789
  const insertRatio = statement('insert into events (ratio) values ($1)', [precise])
  const lastRatio = async (acting: ActingService): Promise<unknown> =>
    (await acting.sql<{ ratio: number }>('select ratio from events order by id desc limit 1'))[0]!.ratio
  const alter = 'alter table events alter column ratio type double precision'

  test('a prepared statement with an outdated parameter type stores a rounded number, and Postgres reports no error', async () => {
    await using acting = await startActing()
    await thrice(() => acting.write(insertRatio))
    await acting.sql(alter)
    await acting.write(insertRatio)
    expect(await lastRatio(acting)).not.toBe(precise)
  })

  test('a statement is prepared again if the schema epoch has changed', async () => {
    await using acting = await startActing()
    await thrice(() => acting.write(insertRatio))
    await acting.sql(`${alter}; truncate holdfast.schema_epoch`)
    await acting.write(insertRatio)
    expect(await lastRatio(acting)).toBe(precise)
  })

  test('a transaction commits nothing if the schema epoch changes while it is open', async () => {
    await using acting = await startActing()
    await thrice(() => acting.write(insertRatio))
    const runsBefore = acting.runs
    let isFirst = true
    await acting.write(async (db) => {
      if (isFirst) await acting.sql(`${alter}; truncate holdfast.schema_epoch`)
      isFirst = false
      await insertRatio(db)
    })
    expect(acting.runs - runsBefore).toBe(2)
    expect(await lastRatio(acting)).toBe(precise)
  })
})

describe('failures of a stale prepared statement', () => {
  test.each([
    [
      'a function returns another type',
      'create function found() returns int language sql as $$ select 1 $$',
      'drop function found(); create function found() returns text language sql as $$ select $a$one$a$ $$',
      'select found() as found',
    ],
    [
      'a function takes another type',
      'create function found(n int) returns int language sql as $$ select n $$',
      'drop function found(int); create function found(n text) returns int language sql as $$ select 1 $$',
      'select found($1) as found',
    ],
    [
      'a view has another column',
      'create view found as select 1 as found',
      `drop view found; create view found as select 'one' as found, 2 as more`,
      'select * from found',
    ],
  ])(
    'a failure of a stale prepared statement makes a mutation and a query run again: %s',
    async (...[, before, change, text]) => {
      await using acting = await startActing()
      await acting.sql(before)
      const find = statement(text, text.includes('$1') ? [1] : [])
      await thrice(() => acting.write(find))
      await thrice(() => acting.read(find))
      await acting.sql(change)
      const runsBefore = acting.runs
      await acting.write(find)
      expect(acting.runs - runsBefore).toBe(2)
      await acting.read(find)
    },
  )

  test('a mutation that changes a table itself runs again', async () => {
    await using acting = await startActing()
    const all = statement('select * from events')
    await thrice(() => acting.write(all))
    const runsBefore = acting.runs
    await acting.write(async (db) => {
      await db.query({ text: 'alter table events add column more int' })
      await all(db)
    })
    expect(acting.runs - runsBefore).toBe(2)
  })

  test('a mutation runs again for each of several stale prepared statements', async () => {
    await using acting = await startActing()
    const texts = ['select * from events', 'select events.* from events', 'select e.* from events as e']
    const all: Act = async (db) => {
      for (const text of texts) await db.query({ text })
    }
    await thrice(() => acting.write(all))
    await acting.sql('alter table events add column more int')
    const runsBefore = acting.runs
    await acting.write(all)
    expect(acting.runs - runsBefore).toBeLessThanOrEqual(texts.length + 1)
  })
})

describe('values that cannot be serialized', () => {
  const circle: Record<string, unknown> = {}
  circle['circle'] = circle
  const broken = {
    toJSON() {
      throw new TypeError('no JSON')
    },
  }

  test.each([
    ['a bigint in JSON', { a: 1n }],
    ['a circle', circle],
    ['what throws', broken],
  ])('a value that cannot be serialized for Postgres fails only its own call: %s', async (_name, value) => {
    await using acting = await startActing()
    const insert = (doc: unknown): Act => statement('insert into events (doc) values ($1)', [doc])
    const find = (doc: unknown): Act => statement('select from events where doc = $1', [doc])
    await thrice(() => acting.write(insert({})))
    await thrice(() => acting.read(find({})))
    await expect(acting.write(insert(value))).rejects.toMatchObject({ status: 500 })
    await expect(acting.read(find(value))).rejects.toMatchObject({ status: 500 })
    const runsBefore = acting.runs
    await acting.write(insert({}))
    expect(acting.runs - runsBefore).toBe(1)
    expect(await acting.read(find({}))).toHaveLength(4)
  })
})

describe('renewed sessions', () => {
  const pid = statement('select pg_backend_pid() as pid')
  const backend = async (acting: ActingService): Promise<unknown> => JSON.stringify(await acting.write(pid))

  test('a session is closed after all of its prepared statements were renewed', async () => {
    await using acting = await startActing()
    const all = statement('select * from events')
    await thrice(() => acting.write(all))
    const before = await backend(acting)
    expect(await backend(acting)).toBe(before)
    await acting.sql('truncate holdfast.schema_epoch')
    await acting.write(all)
    expect(await backend(acting)).not.toBe(before)
  })

  test('a statement that becomes stale again and again is not prepared', async () => {
    await using acting = await startActing()
    await acting.sql(`
      create schema a; create type a.mood as enum ('ok'); create table a.moods (mood a.mood);
      create schema b; create type b.mood as enum ('ok'); create table b.moods (mood b.mood)`)
    const inSchema =
      (name: string): Act =>
      async (db) => {
        await db.query({ text: `select set_config('search_path', $1, true)`, values: [name] })
        await db.query({ text: 'select mood from moods' })
      }
    for (let times = 0; times < 40; times += 1) await acting.write(inSchema(times % 4 < 2 ? 'a' : 'b'))
    expect(acting.runs).toBeLessThanOrEqual(43)
    const [row] = (await acting.write(
      statement('select count(*)::int as n from pg_prepared_statements'),
    )) as {
      n: number
    }[]
    expect(row!.n).toBeLessThan(20)
  })
})

test.each([
  ['copy events to stdout', 'copy-refused'],
  ['/* in */ COPY events from stdin', 'copy-refused'],
  [undefined as never, 'statement-invalid'],
  [5 as never, 'statement-invalid'],
])('%j is rejected at once, and the connection is kept', async (text, code) => {
  await using acting = await startActing()
  const pid = statement('select pg_backend_pid() as pid')
  const codeOf: Act = (db) => db.query({ text }).catch((error: { code: string }) => error.code)
  const [before, beforeRead] = [await acting.write(pid), await acting.read(pid)]
  expect(await acting.write(codeOf)).toBe(code)
  expect(await acting.read(codeOf)).toBe(code)
  expect(await acting.write(pid)).toEqual(before)
  expect(await acting.read(pid)).toEqual(beforeRead)
})

function same(act: Act): [Act, Act] {
  return [act, act]
}
