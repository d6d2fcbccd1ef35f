import { anyone, holdfast, pages } from 'holdfast'
import { kysely, list } from 'holdfast/kysely'
import { createTestService, type TestService } from 'holdfast/testing'
import { CamelCasePlugin, type Generated } from 'kysely'
import { afterAll, beforeAll, expect, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import { bookMigrations, expectCompleteLists } from '../../../test/query-builders/list-trial.ts'

interface Tables {
  shelves: { id: number; label: string }
  books: { id: Generated<string>; shelfId: number; boughtAt: Date | null; rating: number | null }
}

const folder = await bookMigrations()

const { query, service } = holdfast({
  database: kysely<Tables>({ plugins: [new CamelCasePlugin()], migrations: folder }),
})

const Book = z.object({ id: z.int(), label: z.string() })
const listBooks = query({
  route: 'GET /books',
  access: anyone('a test'),
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
  access: anyone('a test'),
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
afterAll(() => tested.stop())

test('a list over a join is read completely, forward and backward, in one sort order', async () => {
  await expectCompleteLists(tested, { label: 'label', maxRows: 15, runs: 30 })
})

test('the name of a column may contain a dot', async () => {
  const { items, next } = await tested.call.dotted({})
  expect(items).toEqual([{ id: 1 }])
  expect((await tested.call.dotted({ cursor: next! })).items).toEqual([{ id: 2 }])
})
