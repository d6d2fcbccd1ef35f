import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { relations, eq, sql } from 'drizzle-orm'
import { integer, pgTable, text } from 'drizzle-orm/pg-core'
import { anyone, holdfast } from 'holdfast'
import { drizzle } from 'holdfast/drizzle'
import { createTestService } from 'holdfast/testing'
import { afterAll, expect, expectTypeOf, test } from 'vitest'
import { z } from 'zod'

const authors = pgTable('authors', { id: integer().primaryKey(), fullName: text().notNull() })
const books = pgTable('books', {
  id: integer().primaryKey(),
  title: text().notNull().unique(),
  authorId: integer().notNull(),
})
const schema = {
  authors,
  books,
  authorRelations: relations(authors, ({ many }) => ({ books: many(books) })),
  bookRelations: relations(books, ({ one }) => ({
    author: one(authors, { fields: [books.authorId], references: [authors.id] }),
  })),
}

const folder = await mkdtemp(join(tmpdir(), 'holdfast-drizzle-'))
afterAll(() => rm(folder, { recursive: true }))
await writeFile(
  join(folder, '0001-books.sql'),
  `create table authors (id int primary key, full_name text not null);
   create table books (id int primary key, title text not null unique, author_id int not null references authors);`,
)

const { query, mutation, service } = holdfast({
  database: drizzle(schema, { casing: 'snake_case', migrations: folder }),
})

const addAuthor = mutation({
  route: 'POST /authors',
  access: anyone('a test'),
  input: z.object({ id: z.int(), fullName: z.string(), titles: z.array(z.string()) }),
  output: z.object({ added: z.int(), skipped: z.int() }),
  async run({ input: { id, fullName, titles }, db }) {
    await db.insert(authors).values({ id, fullName })
    let added = 0
    for (const [index, title] of titles.entries()) {
      // A savepoint: a duplicate title is skipped, and the transaction continues.
      await db
        .transaction(async (savepoint) => {
          await savepoint.insert(books).values({ id: id * 100 + index, title, authorId: id })
          added += 1
        })
        .catch(() => {})
    }
    return { added, skipped: titles.length - added }
  },
})

const readAuthor = query({
  route: 'GET /authors/{id}',
  access: anyone('a test'),
  input: z.object({ id: z.int() }),
  output: z.object({ fullName: z.string(), books: z.array(z.object({ title: z.string() })).max(100) }),
  async run({ input, db }) {
    expectTypeOf(db).not.toHaveProperty('insert')
    const author = await db.query.authors.findFirst({
      where: eq(authors.id, input.id),
      columns: { fullName: true },
      with: { books: { columns: { title: true }, limit: 100, orderBy: books.id } },
    })
    return author ?? { fullName: 'nobody', books: [] }
  },
})

const writeThroughRead = query({
  route: 'GET /writing',
  access: anyone('a test'),
  output: z.object({}),
  async run({ db }) {
    await db.execute(sql`insert into authors values (1, 'sly')`)
    return {}
  },
})

const addTwoAtOnce = mutation({
  route: 'POST /two',
  access: anyone('a test'),
  async run({ db }) {
    await Promise.all(
      [1, 2].map((id) =>
        db.transaction((savepoint) => savepoint.insert(authors).values({ id, fullName: 'x' })),
      ),
    )
  },
})

const keepDb = mutation({
  route: 'POST /kept',
  access: anyone('a test'),
  async run({ db }) {
    kept = () => db.select().from(authors)
  },
})
let kept: () => PromiseLike<unknown> = () => Promise.resolve()

const library = service({
  name: 'library',
  operations: { addAuthor, addTwoAtOnce, readAuthor, writeThroughRead, keepDb },
})

test('a mutation writes in one transaction, with savepoints; a query reads with relations', async () => {
  await using tested = await createTestService(library)
  expect(await tested.call.addAuthor({ id: 1, fullName: 'Ann', titles: ['A', 'B', 'A'] })).toEqual({
    added: 2,
    skipped: 1,
  })
  expect(await tested.call.readAuthor({ id: 1 })).toEqual({
    fullName: 'Ann',
    books: [{ title: 'A' }, { title: 'B' }],
  })
})

test('writes of a failed mutation are rolled back', async () => {
  await using tested = await createTestService(library, { onLog: () => {} })
  await tested.call.addAuthor({ id: 1, fullName: 'Ann', titles: [] })
  const again = await tested.send('addAuthor', { id: 1, fullName: 'Ann', titles: ['C'] })
  expect(again.status).toBe(500)
  expect(await tested.sql('select from books')).toEqual([])
})

test('the session of a query is read-only, regardless of its types', async () => {
  const lines: string[] = []
  await using tested = await createTestService(library, { onLog: (line) => lines.push(line) })
  expect((await tested.send('writeThroughRead', {})).status).toBe(500)
  expect(lines.join('\n')).toContain('query-writes')
})

test('two concurrent savepoints would undo each other, and are rejected', async () => {
  const lines: string[] = []
  await using tested = await createTestService(library, { onLog: (line) => lines.push(line) })
  expect((await tested.send('addTwoAtOnce', {})).status).toBe(500)
  expect(lines.join('\n')).toContain('savepoint-concurrent')
  expect(await tested.sql('select from authors')).toEqual([])
})

test('the db of an ended call is rejected', async () => {
  await using tested = await createTestService(library)
  await tested.call.keepDb({})
  await expect(kept()).rejects.toMatchObject({ cause: { code: 'db-used-after-call' } })
})
