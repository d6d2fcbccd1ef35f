import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { anyone, holdfast, pages } from 'holdfast'
import { drizzle, list } from 'holdfast/drizzle'
import { createTestService, type TestService } from 'holdfast/testing'
import { and, eq, gte, getTableColumns, sql } from 'drizzle-orm'
import { bigint, integer, pgTable, text, timestamp } from 'drizzle-orm/pg-core'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, expectTypeOf, test } from 'vitest'
import { z } from 'zod'

const shelves = pgTable('shelves', { id: integer().primaryKey(), label: text().notNull() })
const books = pgTable('books', {
  id: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
  shelfId: integer().notNull(),
  boughtAt: timestamp({ withTimezone: true }),
  rating: integer(),
})

const folder = await mkdtemp(join(tmpdir(), 'holdfast-drizzle-list-'))
await writeFile(
  join(folder, '0001-books.sql'),
  `create table shelves (id int primary key, label text not null);
   create table books (id bigint primary key generated always as identity, shelf_id int not null, bought_at timestamptz, rating int);
   insert into shelves values (1, 'Ä'), (2, 'b');`,
)

const { query, service } = holdfast({
  database: drizzle({ books, shelves }, { casing: 'snake_case', migrations: folder }),
})

const Book = z.object({ id: z.int(), label: z.string() })
const operations = {
  listBooks: query({
    route: 'GET /books',
    access: anyone(),
    input: pages.input(z.object({ atLeast: z.int().default(0) }), { count: true }),
    output: pages.output(Book),
    run: ({ input, db, page }) =>
      page(
        input,
        list(
          [
            pages.descending(books.boughtAt, { nulls: 'last' }),
            { by: sql<string>`lower(${shelves.label})`.as('shelf'), nulls: 'never' },
            { by: books.rating, direction: 'desc' },
            books.id,
          ],
          ({ where, position }) =>
            db
              .select({ ...getTableColumns(books), label: shelves.label, position })
              .from(books)
              .innerJoin(shelves, eq(shelves.id, books.shelfId))
              .where(and(gte(books.id, input.atLeast), where)),
          { count: () => db.$count(books, gte(books.id, input.atLeast)) },
        ),
        (book) => {
          expectTypeOf(book.boughtAt).toEqualTypeOf<Date | null>()
          expectTypeOf(book).not.toHaveProperty('position')
          return { id: book.id, label: book.label }
        },
      ),
  }),
}

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
        { maxLength: 25 },
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
           order by bought_at desc nulls last, lower(label), rating desc, books.id`,
        )
        const forward: number[] = []
        let page = await tested.call.listBooks({ limit, count: true })
        expect(page.total).toBe(rows.length)
        forward.push(...page.items.map(({ id }) => id))
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
    { numRuns: 60 },
  )
})
