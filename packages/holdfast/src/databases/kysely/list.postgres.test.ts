import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { anyone, holdfast, pages } from 'holdfast'
import { kysely, list } from 'holdfast/kysely'
import { createTestService, type TestService } from 'holdfast/testing'
import fc from 'fast-check'
import { CamelCasePlugin, type Generated } from 'kysely'
import { afterAll, beforeAll, expect, expectTypeOf, test } from 'vitest'
import { z } from 'zod'

interface Tables {
  shelves: { id: number; label: string }
  books: { id: Generated<string>; shelfId: number; boughtAt: Date | null; rating: number | null }
}

const folder = await mkdtemp(join(tmpdir(), 'holdfast-kysely-list-'))
await writeFile(
  join(folder, '0001-books.sql'),
  `create table shelves (id int primary key, label text not null);
   create table books (id bigint primary key generated always as identity, shelf_id int not null, bought_at timestamptz, rating int);
   insert into shelves values (1, 'Ä'), (2, 'b');`,
)

const { query, service } = holdfast({
  database: kysely<Tables>({ plugins: [new CamelCasePlugin()], migrations: folder }),
})

const Book = z.object({ id: z.int(), label: z.string() })
const listBooks = query({
  route: 'GET /books',
  access: anyone(),
  input: pages.input(z.object({ atLeast: z.int().default(0) }), { count: true }),
  output: pages.output(Book),
  run: ({ input, db, page }) =>
    page(
      input,
      list(
        db,
        db
          .selectFrom('books')
          .innerJoin('shelves', 'shelves.id', 'books.shelfId')
          .where('books.id', '>=', `${input.atLeast}`)
          .select(['books.id', 'books.boughtAt', 'books.rating', 'shelves.label']),
        {
          order: [
            pages.descending('boughtAt', { nulls: 'last' }),
            { by: 'label', nulls: 'never' },
            { by: 'rating', direction: 'desc' },
            'id',
          ],
        },
      ),
      (book) => {
        expectTypeOf(book.boughtAt).toEqualTypeOf<Date | null>()
        expectTypeOf(book).not.toHaveProperty('holdfastposition')
        return { id: Number(book.id), label: book.label }
      },
    ),
})

const dotted = query({
  route: 'GET /dotted',
  access: anyone(),
  input: pages.input({ limit: 1 }),
  output: pages.output(z.object({ id: z.int() })),
  run: ({ input, db, page }) =>
    page(
      input,
      list(db, db.selectFrom('shelves').select('id as shelf.id'), { order: ['shelf.id'] }),
      (row) => ({
        id: row['shelf.id'],
      }),
    ),
})
const operations = { listBooks, dotted }

let tested: TestService<typeof operations>
beforeAll(async () => {
  tested = await createTestService(service({ name: 'books', operations }))
})
afterAll(async () => {
  await tested.stop()
  await rm(folder, { recursive: true })
})

test('a list of a join is read completely, forward and backward, in one sort order', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({
          shelf: fc.integer({ min: 1, max: 2 }),
          at: fc.option(fc.integer({ min: 0, max: 2 })),
          rating: fc.option(fc.integer({ min: 0, max: 2 })),
        }),
        { maxLength: 15 },
      ),
      fc.integer({ min: 1, max: 5 }),
      async (rows, limit) => {
        await tested.sql('truncate books restart identity')
        await tested.sql(
          `insert into books (shelf_id, bought_at, rating)
           select (row->>'shelf')::int, '2026-01-01'::timestamptz + (row->>'at')::int * interval '1 microsecond', (row->>'rating')::int
           from json_array_elements($1) as row`,
          [JSON.stringify(rows)],
        )
        const expected = await tested.sql<{ id: string }>(
          `select books.id from books join shelves on shelves.id = shelf_id
           order by bought_at desc nulls last, label, rating desc, books.id`,
        )
        let page = await tested.call.listBooks({ limit, count: true })
        expect(page.total).toBe(rows.length)
        const forward = page.items.map(({ id }) => id)
        while (page.next !== undefined && forward.length <= rows.length) {
          page = await tested.call.listBooks({ limit, cursor: page.next })
          forward.push(...page.items.map(({ id }) => id))
        }
        expect(forward).toEqual(expected.map(({ id }) => Number(id)))
        const backward = page.items.map(({ id }) => id)
        while (page.prev !== undefined && backward.length <= rows.length) {
          page = await tested.call.listBooks({ limit, cursor: page.prev })
          backward.unshift(...page.items.map(({ id }) => id))
        }
        expect(backward).toEqual(forward)
      },
    ),
    { numRuns: 30 },
  )
})

test('a column may have a name that no table has', async () => {
  const { items, next } = await tested.call.dotted({})
  expect(items).toEqual([{ id: 1 }])
  expect((await tested.call.dotted({ cursor: next! })).items).toEqual([{ id: 2 }])
})
