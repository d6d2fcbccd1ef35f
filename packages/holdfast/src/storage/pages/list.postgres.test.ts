import { anyone, holdfast, type OrderBy, pages } from 'holdfast'
import { list, postgres, sql } from 'holdfast/postgres'
import { createTestService, type TestService } from 'holdfast/testing'
import fc from 'fast-check'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { orderedTypes as types } from './ordered-types.fixture.ts'
import { DriverClient } from '../postgres/session/driver-client.ts'

interface Row {
  readonly a: unknown
  readonly b: unknown
  readonly c: unknown
  readonly id: string
}

type Column = keyof Row

let statement = sql`select 1 as a`
let order: readonly OrderBy<Column>[] = ['id']

const { query, service } = holdfast({ database: postgres() })
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
let client: pg.Client
beforeAll(async () => {
  tested = await createTestService(service({ name: 'rows', operations }))
  client = new DriverClient({ connectionString: tested.databaseUrl })
  await client.connect()
  await client.query(`
    create type color as enum ('red', 'green', 'blue');
    create domain positive as int check (value > 0);`)
})
afterAll(async () => {
  await client.end()
  await tested.stop()
})

/**
 * Returns all ids in the given order, sorted by one statement. A list must return the same order.
 */
async function sorted(orderBy: string): Promise<readonly string[]> {
  const { rows } = await client.query<{ id: string }>(`select id::text from rows order by ${orderBy}`)
  return rows.map(({ id }) => id)
}

interface Walk {
  readonly limit: number
  /** The direction in which to continue from the first page or a cursor. */
  readonly way: 'next' | 'prev'
  readonly cursor?: string | undefined
  /** Runs between two pages. */
  readonly between?: () => Promise<void>
}

const maxRowCount = 1_000
// The number of orders tested per column type. To test more: `LIST_ORDERS=100 npm test
// list.postgres`.
const orders = Number(process.env['LIST_ORDERS'] ?? 4)

/**
 * Reads page by page to the end. Returns the ids in the order read, and the last backward cursor.
 */
async function walk({
  limit,
  way,
  cursor,
  between,
}: Walk): Promise<{ readonly ids: readonly string[]; readonly back: string | undefined }> {
  const ids: string[] = []
  let at = cursor
  for (;;) {
    const page = await tested.call.rows({ limit, ...(at === undefined ? {} : { cursor: at }) })
    const found = page.items.map(({ id }) => id)
    if (way === 'next') ids.push(...found)
    else ids.unshift(...found)
    if (ids.length > maxRowCount)
      throw new Error(`More rows were read than exist, and the last ones were ${found.join(', ')}`)
    if (page[way] === undefined) return { ids, back: way === 'next' ? page.prev : page.next }
    at = page[way]
    await between?.()
  }
}

const direction = fc.constantFrom('asc' as const, 'desc' as const)
const nulls = fc.constantFrom('first' as const, 'last' as const, undefined)

const by = fc.record({ direction, nulls })

describe('order', () => {
  test.each(Object.keys(types))(
    'every row is read once, forward and backward, in the order of a column of type %s',
    async (type) => {
      const values = types[type]!
      await client.query(
        `drop table if exists rows; create table rows (a ${type}, b ${type}, id bigint generated always as identity primary key)`,
      )
      await client.query(
        `insert into rows (a, b) select a::${typeName(type)}, b::${typeName(type)} from unnest($1::text[]) as a, unnest($1::text[]) as b`,
        [[...values, null]],
      )
      statement = sql`select id::text, a, b from rows`
      await fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 1, max: 7 }),
          fc.record({ byA: by, byB: by, byId: direction }),
          async (limit, { byA, byB, byId }) => {
            order = [orderBy('a', byA), orderBy('b', byB), { by: 'id', direction: byId }]
            const expected = await sorted(`${clause('a', byA)}, ${clause('b', byB)}, id::text ${byId}`)
            const there = await walk({ limit, way: 'next' })
            expect(there.ids).toEqual(expected)
            if (there.back === undefined) return
            const { ids } = await walk({ limit, way: 'prev', cursor: there.back })
            expect(ids).toEqual(expected.slice(0, -lastPage(expected.length, limit)))
          },
        ),
        { numRuns: orders },
      )
    },
  )
})

function typeName(type: string): string {
  return type.replace(/ collate .*/, '')
}

function lastPage(length: number, limit: number): number {
  return length % limit || limit
}

interface By {
  readonly direction: 'asc' | 'desc'
  readonly nulls: 'first' | 'last' | undefined
}

function orderBy(by: Column, { direction: way, nulls: where }: By): OrderBy<Column> {
  return { by, direction: way, ...(where === undefined ? {} : { nulls: where }) }
}

function clause(column: string, { direction: way, nulls: where }: By): string {
  return `${column} ${way}${where === undefined ? '' : ` nulls ${where}`}`
}

describe('changes between the pages', () => {
  test('every row that remains is read once, in order, while other rows are added and removed', async () => {
    await client.query(
      'drop table if exists rows; create table rows (a int, b int not null, c timestamptz not null, id bigint generated always as identity primary key)',
    )
    statement = sql`select id::text, a, b, c from rows`
    const someRow = fc.record({
      a: fc.option(fc.integer({ min: 0, max: 3 })),
      b: fc.integer({ min: 0, max: 3 }),
    })
    await fc.assert(
      fc.asyncProperty(
        fc.array(someRow, { maxLength: 30 }),
        fc.array(fc.oneof(someRow, fc.nat(60)), { maxLength: 20 }),
        fc.record({
          byA: by,
          byB: direction,
          byC: direction,
          limit: fc.integer({ min: 1, max: 6 }),
          isBackward: fc.boolean(),
        }),
        async (rows, changes, { byA, byB, byC, limit, isBackward }) => {
          await client.query('truncate rows restart identity')
          const insert = (some: readonly z.infer<typeof SomeRow>[]): Promise<unknown> =>
            client.query(
              `insert into rows (a, b, c)
               select (row->>'a')::int, (row->>'b')::int,
                 '2026-01-01'::timestamptz + (row->>'b')::int * interval '1 microsecond'
               from json_array_elements($1) as row`,
              [JSON.stringify(some)],
            )
          await insert(rows)
          order = [
            orderBy('a', byA),
            { by: 'b', direction: byB, nulls: 'never' },
            { by: 'c', direction: byC, nulls: 'never' },
            { by: 'id', direction: byC },
          ]
          const start = isBackward ? (await walk({ limit, way: 'next' })).back : undefined
          if (isBackward && start === undefined) return
          const queue = [...changes]
          const gone = new Set<string>()
          const before = new Set(
            (await client.query<{ id: string }>('select id::text from rows')).rows.map(({ id }) => id),
          )
          const { ids } = await walk({
            limit,
            way: isBackward ? 'prev' : 'next',
            cursor: start,
            async between() {
              const change = queue.pop()
              if (change === undefined) return
              if (typeof change !== 'number') return void (await insert([change]))
              const deleted = await client.query<{ id: string }>(
                'delete from rows where id = $1 returning id::text',
                [change],
              )
              for (const { id } of deleted.rows) gone.add(id)
            },
          })
          expect(new Set(ids).size).toBe(ids.length)
          const now = await sorted(`${clause('a', byA)}, b ${byB}, c ${byC}, id::text ${byC}`)
          const seen = new Set(ids)
          const stayed = now.filter((id) => before.has(id))
          const inOrder = ids.filter((id) => stayed.includes(id))
          // A backward walk does not read the last page, because it starts at the cursor before
          // that page.
          expect(inOrder).toEqual(isBackward ? stayed.filter((id) => seen.has(id)) : stayed)
          expect(ids.filter((id) => !gone.has(id))).toEqual(now.filter((id) => seen.has(id)))
        },
      ),
      { numRuns: 150 },
    )
  })
})

const SomeRow = z.object({ a: z.int().nullable(), b: z.int() })

test('a list can be ordered by a column with a quote in its name', async () => {
  await client.query('drop table if exists rows; create table rows ("a""b" int, id bigint)')
  await client.query('insert into rows select n % 3, n from generate_series(1, 9) as n')
  statement = sql`select id::text, "a""b" from rows`
  order = [pages.descending('a"b' as Column), 'id']
  expect((await walk({ limit: 2, way: 'next' })).ids).toEqual(await sorted('"a""b" desc, id'))
})

test.each([
  ['is empty', []],
  ['twice', ['id', 'id']],
  ['must be unique', [{ by: 'id', nulls: 'last' }]],
] as const)('an order that %s is rejected', async (reason, wrong) => {
  expect(() => list<Row>({ query: async () => [] }, sql`select`, { order: wrong })).toThrow(reason)
})

test('a page reads only its own rows from an index, at any position', async () => {
  await client.query(`
    drop table if exists rows;
    create table rows (a int not null, b int, id bigint primary key);
    insert into rows select n % 1000, nullif(n % 97, 5), n from generate_series(1, 20000) as n;
    create index on rows (a, b desc, id);
    create index on rows (b, id);
    analyze rows;`)
  const plans: string[] = []
  const db = {
    async query<T>({
      text,
      values,
    }: {
      readonly text: string
      readonly values: readonly unknown[]
    }): Promise<T[]> {
      const explained = await client.query<{ 'QUERY PLAN': string }>(
        `explain (analyze, costs off, timing off, summary off, buffers off) ${text}`,
        [...values],
      )
      plans.push(explained.rows.map((row) => row['QUERY PLAN']).join('\n'))
      const { rows } = await client.query<T & pg.QueryResultRow>(text, [...values])
      return rows
    },
  }
  const deep = list<Row>(db as never, sql`select * from rows`, {
    order: [{ by: 'a', nulls: 'never' }, pages.descending('b'), 'id'],
  })
  const window = { limit: 21, offset: 0, orderings: deep.orderings }
  const rows = await deep.read({ ...window, after: { values: ['900', '40', '5'], isInclusive: false } })
  expect(rows).toHaveLength(21)
  const nullable = list<Row>(db as never, sql`select * from rows`, { order: ['b', 'id'] })
  await nullable.read({
    ...window,
    orderings: nullable.orderings,
    after: { values: ['96', '19999'], isInclusive: false },
  })
  expect(plans).toHaveLength(3)
  for (const plan of plans) {
    expect(plan).toMatch(/Index (Only )?Scan/)
    expect(plan).not.toMatch(/Seq Scan|Sort/)
    const filtered = /Rows Removed by Filter: (\d+)/.exec(plan)
    expect(Number(filtered?.[1] ?? 0)).toBeLessThan(25)
  }
})
