import { anyone, holdfast, pages } from 'holdfast'
import { drizzle, list } from 'holdfast/drizzle'
import { createTestService, type TestService } from 'holdfast/testing'
import { and, eq, gte, getTableColumns, sql } from 'drizzle-orm'
import { bigint, integer, pgTable, text, timestamp } from 'drizzle-orm/pg-core'
import { afterAll, beforeAll, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import { bookMigrations, expectCompleteLists } from '../../../test/query-builders/list-trial.ts'

const shelves = pgTable('shelves', { id: integer().primaryKey(), label: text().notNull() })
const books = pgTable('books', {
  id: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
  shelfId: integer().notNull(),
  boughtAt: timestamp({ withTimezone: true }),
  rating: integer(),
})

const folder = await bookMigrations()

const { query, service } = holdfast({
  database: drizzle({ books, shelves }, { casing: 'snake_case', migrations: folder }),
})

const Book = z.object({ id: z.int(), label: z.string() })
const operations = {
  listBooks: query({
    route: 'GET /books',
    access: anyone('a test'),
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
afterAll(() => tested.stop())

test('a list over a join is read completely, forward and backward, in one sort order', async () => {
  await expectCompleteLists(tested, { label: 'lower(label)', maxRows: 25, runs: 60 })
})
