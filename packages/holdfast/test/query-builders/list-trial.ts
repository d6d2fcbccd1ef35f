import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, expect } from 'vitest'

/** The output of the operation under test: a page of books. */
interface BookPage {
  readonly items: readonly { readonly id: number }[]
  readonly next?: string | undefined
  readonly prev?: string | undefined
  readonly total?: number | undefined
}

/** A service with an operation that lists books, joined with their shelves. */
export interface BookService {
  sql<Row extends object>(text: string, values?: unknown[]): Promise<Row[]>
  readonly call: {
    listBooks(input: {
      readonly limit: number
      readonly count?: boolean
      readonly cursor?: string
    }): Promise<BookPage>
  }
}

/** Options of {@link expectCompleteLists}. */
export interface ListTrial {
  /** SQL for the sort column computed from the label. */
  readonly label: string
  readonly maxRows: number
  readonly runs: number
}

/** Creates a folder with the migration of the books. It is removed after the tests of the file. */
export async function bookMigrations(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-books-'))
  afterAll(() => rm(folder, { recursive: true }))
  await writeFile(
    join(folder, '0001-books.sql'),
    `create table shelves (id int primary key, label text not null);
     create table books (id bigint primary key generated always as identity, shelf_id int not null, bought_at timestamptz, rating int);
     insert into shelves values (1, 'Ä'), (2, 'b');`,
  )
  return folder
}

/** Expects that random lists are read completely, forward and backward, in one sort order. */
export async function expectCompleteLists(tested: BookService, trial: ListTrial): Promise<void> {
  const book = fc.record({
    shelf: fc.integer({ min: 1, max: 2 }),
    at: fc.option(fc.integer({ min: 0, max: 2 })),
    rating: fc.option(fc.integer({ min: 0, max: 2 })),
  })
  await fc.assert(
    fc.asyncProperty(
      fc.array(book, { maxLength: trial.maxRows }),
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
           order by bought_at desc nulls last, ${trial.label}, rating desc, books.id`,
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
    { numRuns: trial.runs },
  )
}
