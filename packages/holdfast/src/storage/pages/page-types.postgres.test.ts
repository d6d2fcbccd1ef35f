import { randomInt } from 'node:crypto'
import { anyone, holdfast, type OrderBy, pages } from 'holdfast'
import { list, postgres, sql } from 'holdfast/postgres'
import { createTestService, type TestService } from 'holdfast/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { orderedTypes } from './ordered-types.fixture.ts'

interface Row {
  readonly a: unknown
  readonly id: string
}

/**
 * Types that Postgres compares as a different type. It would also read an untyped value as that
 * type.
 */
const others: Readonly<Record<string, readonly string[]>> = {
  place: ['(1,"a, b")', '(1,)', '(2,"")'],
  regclass: ['pg_class', 'pg_type', 'pg_proc'],
  regtype: ['integer', 'text'],
  oidvector: ['', '1 2', '1 3'],
  tid: ['(0,1)', '(1,1)'],
  tsquery: ["'a'", "'a' & 'b'"],
  'text collate caseless': ['a', 'A', 'b', 'B'],
  nummultirange: ['{}', '{[0.1,0.2)}'],
  'color[]': ['{red}', '{green,blue}'],
  'place[]': ['{"(1,a)"}', '{}'],
  'positive[]': ['{1}', '{2}'],
  shade: ['red', 'green', 'blue'],
  'shade[]': ['{red}', '{green}'],
  span: ['[1,5)', 'empty'],
}

const { query, service } = holdfast({ database: postgres() })
let statement = sql`select 1 as a, '1' as id`
let order: readonly OrderBy<'a' | 'id'>[] = ['a', 'id']
const operations = {
  rows: query({
    route: 'GET /rows',
    access: anyone('a test'),
    input: pages.input({ max: 50 }),
    output: pages.output(z.object({ id: z.string() }), { max: 50 }),
    run: ({ input, db, page }) => page(input, list<Row>(db, statement, { order })),
  }),
}

let tested: TestService<typeof operations>
const lines: string[] = []
beforeAll(async () => {
  tested = await createTestService(service({ name: 'types', operations }), {
    onLog: (line) => lines.push(line),
  })
  for (const text of [
    `create type color as enum ('red', 'green', 'blue')`,
    'create domain positive as int check (value > 0)',
    'create type place as (x int, name text)',
    'create domain tint as color',
    'create domain shade as tint',
    'create type amounts as range (subtype = numeric)',
    'create domain span as amounts',
    `create collation caseless (provider = icu, locale = 'und-u-ks-level2', deterministic = false)`,
  ])
    await tested.sql(text)
})
afterAll(() => tested.stop())

/** Creates a table with one row per value of a type, and a row with null. */
async function fill(type: string, values: readonly string[]): Promise<void> {
  await tested.sql('drop table if exists rows')
  await tested.sql(`create table rows (a ${type}, id bigint generated always as identity primary key)`)
  await tested.sql(
    `insert into rows (a) select a::${type.replace(/ collate .*/, '')} from unnest($1::text[]) as a`,
    [[...values, null]],
  )
  statement = sql`select id::text, a from rows`
}

/** Reads row by row to the end, and back to the beginning. */
async function walk(): Promise<{ readonly there: readonly string[]; readonly back: readonly string[] }> {
  const read = async (way: 'next' | 'prev', start: string | undefined) => {
    const ids: string[] = []
    let last: string | undefined
    for (let cursor = start; ;) {
      const page = await tested.call.rows({ limit: 1, ...(cursor === undefined ? {} : { cursor }) })
      ids.push(...page.items.map(({ id }) => id))
      last = page.prev ?? last
      cursor = page[way]
      if (cursor === undefined) return { ids, last }
    }
  }
  const { ids, last } = await read('next', undefined)
  const { ids: back } = await read('prev', last)
  return { there: ids, back: back.toReversed() }
}

describe.each(['asc', 'desc'] as const)('every row is read once, forward and backward, %s', (direction) => {
  const sorted = async (): Promise<readonly string[]> => {
    const rows = await tested.sql<{ id: string }>(
      `select id::text from rows order by a ${direction}, rows.id`,
    )
    return rows.map(({ id }) => id)
  }

  test.each(Object.keys(others))(
    'every row is read once in the order of a column of type %s',
    async (type) => {
      await fill(type, others[type]!)
      order = [{ by: 'a', direction }, 'id']
      statement = sql`select id, a from rows`
      const expected = await sorted()
      expect(await walk()).toEqual({ there: expected, back: expected.slice(0, -1) })
    },
  )

  test.each(Object.keys({ ...orderedTypes, place: [] }))(
    'every row is read once in the order of a column whose type is a domain over %s',
    async (type) => {
      await tested.sql('drop table if exists rows')
      await tested.sql('drop domain if exists own')
      await tested.sql(`create domain own as ${type}`)
      await fill('own', { ...orderedTypes, ...others }[type]!.slice(0, 3))
      order = [{ by: 'a', direction }, 'id']
      const expected = await sorted()
      expect(await walk()).toEqual({ there: expected, back: expected.slice(0, -1) })
    },
  )
})

test('every type that Postgres can order is tested', async () => {
  const names = await tested.sql<{ name: string }>(`
    select distinct format_type(opcintype, null) as name from pg_opclass
    join pg_am on pg_am.oid = opcmethod where amname = 'btree' and opcdefault and opcintype < 10000`)
  const known = new Set(
    Object.keys({ ...orderedTypes, ...others }).map((type) => type.replace(/\(.*| collate .*/, '')),
  )
  const families = ['anyarray', 'anyenum', 'anymultirange', 'anyrange', 'record']
  const same: Readonly<Record<string, string>> = {
    'time without time zone': 'time',
    'timestamp without time zone': 'timestamp',
  }
  const untested = names
    .map(({ name }) => same[name] ?? name)
    .filter((name) => !known.has(name) && !families.includes(name))
  expect(untested).toEqual([])
})

test.each(['json', 'xml', 'point', 'box', 'path'])(
  'the first page of a list ordered by %s, a type without a sort order, is rejected with the name of the type',
  async (type) => {
    await fill(type, [])
    order = ['a', 'id']
    lines.length = 0
    expect((await tested.send('rows', {})).status).toBe(500)
    const logged = lines.join('\n')
    expect(logged).toContain('page-order-invalid')
    expect(logged).toContain(
      String.raw`its order \"a\", \"id\": could not identify an ordering operator for type ${type}`,
    )
  },
)

test('an index of a domain over an enum serves its pages', async () => {
  await fill('shade', ['red', 'green', 'blue'])
  await tested.sql('insert into rows (a) select $1::text::shade from generate_series(1, 3000)', ['green'])
  await tested.sql('create index on rows (a, id)')
  await tested.sql('analyze rows')
  const plans: string[] = []
  const db = {
    async query({ text, values }: { readonly text: string; readonly values: readonly unknown[] }) {
      const plan = await tested.sql<{ 'QUERY PLAN': string }>(`explain (costs off) ${text}`, [...values])
      plans.push(plan.map((row) => row['QUERY PLAN']).join('\n'))
      return []
    },
  }
  for (const by of ['a', pages.descending('a')] as const) {
    const rows = list<Row>(db as never, sql`select * from rows`, {
      order: [by, { by: 'id', direction: by === 'a' ? 'asc' : 'desc' }],
    })
    await rows.read({
      orderings: rows.orderings,
      after: { values: ['green', '9'], isInclusive: false },
      limit: 9,
      offset: 0,
    })
  }
  expect(plans.length).toBeGreaterThan(0)
  for (const plan of plans) expect(plan).toMatch(/Index (Only )?Scan/)
  expect(plans.join('\n')).not.toMatch(/Seq Scan|Sort/)
})

describe('texts', () => {
  /** The text is random, so that it cannot be compressed. */
  const filler = (from: number, span: number, length: number): string =>
    Array.from({ length }, () => String.fromCodePoint(from + randomInt(span))).join('')

  test.each([
    ['of 2,000 characters', filler(0x61, 26, 2_000)],
    ['of the max length that an index stores uncompressed', filler(0x4e00, 20_000, 890)],
    ['of a greater length, which an index compresses', 'ab'.repeat(50_000)],
    ['of control characters', filler(1, 31, 2_600)],
  ])('a page can start after a text %s', async (_, text) => {
    await fill('text', [`${text}1`, `${text}2`, `${text}3`])
    await tested.sql('create index on rows (a)')
    order = ['a', 'id']
    expect((await walk()).there).toEqual(['1', '2', '3', '4'])
    const first = await tested.fetch('/rows?limit=1')
    const { next } = (await first.json()) as { readonly next: string }
    const second = await tested.fetch(`/rows?limit=1&cursor=${next}`)
    expect([second.status, await second.json()]).toMatchObject([200, { items: [{ id: '2' }] }])
    // Links to pages with long cursors are only in the body.
    const references = (second.headers.get('link') ?? '').split(', ')
    expect(references.some((reference) => reference.includes('rel="next"'))).toBe(next.length <= 2_030)
  })

  test('a text that is too long for any index is rejected at the end of its page, with the fix', async () => {
    await fill('text', [filler(0x4e00, 20_000, 9_000), filler(0x4e00, 20_000, 9_000)])
    order = ['a', 'id']
    lines.length = 0
    expect((await tested.send('rows', { limit: 1 })).status).toBe(500)
    expect(lines.join('\n')).toMatch(/page-position-invalid.*left\(/)
  })
})
