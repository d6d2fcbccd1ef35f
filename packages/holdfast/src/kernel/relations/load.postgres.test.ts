import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { anyone, holdfast, problem, type Relation } from 'holdfast'
import { postgres, sql, type SqlDatabase } from 'holdfast/postgres'
import { createTestService, until } from 'holdfast/testing'
import { afterAll, afterEach, describe, expect, expectTypeOf, test } from 'vitest'
import { z } from 'zod'

const folder = await mkdtemp(join(tmpdir(), 'holdfast-load-'))
await writeFile(
  join(folder, '0001-books.sql'),
  `create table authors (id int primary key, name text not null);
   create table books (id int primary key, author_id int not null, title text not null);
   create table editions (book_id int, year int, publisher uuid, primary key (book_id, year));
   insert into authors select n, 'author ' || n from generate_series(1, 5) as n;
   insert into books select n, (n - 1) % 5 + 1, 'book ' || n from generate_series(1, 10) as n;
   insert into editions values (1, 1999, '0190163d-8694-739b-aea5-966c26f8ad91'), (1, 2001, null), (2, 1999, null);`,
)

interface Author {
  readonly id: number
  readonly name: string
}

interface Book {
  readonly id: number
  readonly author_id: number
  readonly title: string
}

interface Edition {
  readonly book_id: number
  readonly year: number
  readonly publisher: string | null
}

/** The keys of each read, by statement. */
const reads: unknown[][] = []

const { query, mutation, job, one, many, service } = holdfast({ database: postgres({ migrations: folder }) })

const AuthorNotFound = problem('author-not-found', { status: 404, title: 'There is no such author' })

const findAuthors = (db: SqlDatabase, ids: readonly number[]): Promise<Author[]> => {
  reads.push([...ids])
  return db.query<Author>(sql`select id, name from authors where id = any(${ids}) order by id desc`)
}

const authorOf = one({
  rows: ({ db }, ids: readonly number[]) => findAuthors(db, ids),
  key: (author) => author.id,
})
const knownAuthorOf = one({
  rows: ({ db }, ids: readonly number[]) => findAuthors(db, ids),
  key: (author) => author.id,
  missing: (id) => AuthorNotFound({ detail: `There is no author ${id}.` }),
})
const booksOf = many({
  rows: ({ db }, ids: readonly number[]) =>
    db.query<Book>(sql`select * from books where author_id = any(${ids}) order by id`),
  key: (book) => book.author_id,
})
const editionOf = one({
  rows: ({ db }, keys: readonly (readonly [bookId: number, year: number])[]) =>
    db.query<Edition>(sql`
      select * from editions
      where (book_id, year) in (select * from unnest(${keys.map(([id]) => id)}::int[], ${keys.map(([, year]) => year)}::int[]))`),
  key: ({ book_id, year }) => [book_id, year] as const,
})
const editionsBy = many({
  rows: ({ db }, publishers: readonly string[]) =>
    db.query<Edition & { publisher: string }>(
      sql`select * from editions where publisher = any(${publishers})`,
    ),
  key: ({ publisher }) => publisher,
})
const inBatches = one({
  rows: ({ db }, ids: readonly number[]) => findAuthors(db, ids),
  key: (author) => author.id,
  maxBatch: 2,
})
const misread = {
  repeated: one({
    rows: ({ db }, ids: readonly number[]) =>
      db.query<Book>(sql`select * from books where author_id = any(${ids})`),
    key: (book) => book.author_id,
  }),
  unasked: one({
    rows: ({ db }) => db.query<Author>(sql`select id::text, name from authors where id = 1`),
    key: (author) => author.id,
  }),
  broken: one({
    rows: ({ db }, ids: readonly number[]) =>
      db.query<Author>(sql`select 1 / 0 as id, name from authors where id = any(${ids})`),
    key: (author) => author.id,
  }),
}

const Names = z.object({ names: z.array(z.string().nullable()).max(1000) })
const Ids = z.object({ ids: z.array(z.coerce.number<string>().int()).max(1000) })
const access = anyone('a test')
const jobNames: (string | undefined)[] = []

const nameInJob = job({
  name: 'name-in-job',
  input: z.object({ ids: z.array(z.int()).max(10) }),
  async run({ input, load, db }) {
    await db.query(sql`update authors set name = 'renamed' where id = 1`)
    const authors = await Promise.all(input.ids.map((id) => load(authorOf, id)))
    jobNames.push(...authors.map((author) => author?.name))
  },
})

const operations = {
  authors: query({
    route: 'GET /authors',
    access,
    input: Ids,
    output: Names,
    async run({ input, load }) {
      const authors = await Promise.all(input.ids.map((id) => load(authorOf, id)))
      expectTypeOf(authors).toEqualTypeOf<(Author | undefined)[]>()
      return { names: authors.map((author) => author?.name ?? null) }
    },
  }),
  again: query({
    route: 'GET /again',
    access,
    output: Names,
    async run({ load }) {
      const first = await load(authorOf, 1)
      const again = await load(authorOf, 1)
      return { names: [first!.name, again!.name] }
    },
  }),
  known: query({
    route: 'GET /known',
    access,
    input: Ids,
    output: Names,
    problems: [AuthorNotFound],
    async run({ input, load }) {
      const settled = await Promise.allSettled(input.ids.map((id) => load(knownAuthorOf, id)))
      const found = settled.flatMap((author) => (author.status === 'fulfilled' ? [author.value] : []))
      expectTypeOf(found).toEqualTypeOf<Author[]>()
      if (found.length === 0) await load(knownAuthorOf, input.ids[0]!)
      return { names: found.map(({ name }) => name) }
    },
  }),
  shelves: query({
    route: 'GET /shelves',
    access,
    input: Ids,
    output: z.object({ titles: z.array(z.array(z.string()).max(10)).max(10) }),
    async run({ input, load }) {
      const titles = await Promise.all(
        input.ids.map(async (id) => {
          const author = await load(authorOf, id)
          const books = author ? await load(booksOf, author.id) : []
          const writers = await Promise.all(books.map((book) => load(authorOf, book.author_id)))
          return books.map(({ title }, index) => `${title} by ${writers[index]?.name}`)
        }),
      )
      return { titles }
    },
  }),
  editions: query({
    route: 'GET /editions',
    access,
    output: z.object({ years: z.array(z.int().nullable()).max(10), published: z.int() }),
    async run({ load }) {
      const editions = await Promise.all([
        load(editionOf, [1, 2001]),
        load(editionOf, [2, 1999]),
        load(editionOf, [2, 2001]),
        load(editionOf, [1, 2001]),
      ])
      const published = await load(editionsBy, '0190163D-8694-739B-AEA5-966C26F8AD91')
      return { years: editions.map((edition) => edition?.year ?? null), published: published.length }
    },
  }),
  batches: query({
    route: 'GET /batches',
    access,
    input: Ids,
    output: Names,
    async run({ input, load }) {
      const authors = await Promise.all(input.ids.map((id) => load(inBatches, id)))
      return { names: authors.map((author) => author?.name ?? null) }
    },
  }),
  misread: query({
    route: 'GET /misread/{how}',
    access,
    input: z.object({ how: z.enum(['repeated', 'unasked', 'broken']) }),
    output: Names,
    async run({ input, load }) {
      const relation: Relation<number> = misread[input.how]
      const settled = await Promise.allSettled([load(relation, 1), load(relation, 2)])
      const errors = settled.flatMap((read) => (read.status === 'rejected' ? [read.reason as Error] : []))
      return { names: errors.map(({ message }) => message) }
    },
  }),
  rename: mutation({
    route: 'POST /names',
    access,
    output: Names,
    async run({ load, db, jobs }) {
      const before = await Promise.all([load(authorOf, 1), load(authorOf, 1), load(authorOf, 2)])
      await db.query(sql`update authors set name = 'another' where id = 1`)
      const after = await load(authorOf, 1)
      await jobs.enqueue(nameInJob, { ids: [1, 1, 9] })
      return { names: [...before.map((author) => author!.name), after!.name] }
    },
  }),
}

const library = await createTestService(service({ name: 'library', operations, jobs: [nameInJob] }))
afterAll(() => library.stop().then(() => rm(folder, { recursive: true })))
afterEach(() => reads.splice(0))

const ids = (...given: number[]) => ({ ids: given.map(String) })

describe('a relation', () => {
  test('a relation reads all keys of one turn in one statement, each once, and returns the rows in the requested order', async () => {
    expect(await library.call.authors(ids(3, 1, 9, 3))).toEqual({
      names: ['author 3', 'author 1', null, 'author 3'],
    })
    expect(reads).toEqual([[3, 1, 9]])
  })

  test('a relation reads a key once per query', async () => {
    expect(await library.call.again({})).toEqual({ names: ['author 1', 'author 1'] })
    expect(reads).toEqual([[1]])
  })

  test('a relation runs one statement per level of nesting, regardless of the number of rows', async () => {
    const { titles } = await library.call.shelves(ids(1, 2, 3, 9))
    expect(titles).toEqual([
      ['book 1 by author 1', 'book 6 by author 1'],
      ['book 2 by author 2', 'book 7 by author 2'],
      ['book 3 by author 3', 'book 8 by author 3'],
      [],
    ])
    expect(reads).toEqual([[1, 2, 3, 9]])
  })

  test('a relation supports composite keys, and UUIDs in upper case', async () => {
    expect(await library.call.editions({})).toEqual({ years: [2001, 1999, null, 2001], published: 1 })
  })

  test('a relation splits keys into several statements above the max batch size', async () => {
    expect(await library.call.batches(ids(1, 2, 3))).toEqual({ names: ['author 1', 'author 2', 'author 3'] })
    expect(reads).toEqual([[1, 2], [3]])
  })

  test('a relation shares no rows between calls', async () => {
    await Promise.all([library.call.authors(ids(1)), library.call.authors(ids(2))])
    expect(reads).toHaveLength(2)
    expect(reads).toEqual(expect.arrayContaining([[1], [2]]))
  })
})

test('a load fails only for the key that has no row, with the problem that the relation declares', async () => {
  expect(await library.call.known(ids(1, 9, 2))).toEqual({ names: ['author 1', 'author 2'] })
  expect(reads).toEqual([[1, 9, 2]])
  await expect(library.call.known(ids(9))).rejects.toMatchObject({
    code: 'author-not-found',
    problem: { detail: 'There is no author 9.' },
  })
})

test('a load reads again after a write of a mutation or a job', async () => {
  expect(await library.call.rename({})).toEqual({ names: ['author 1', 'author 1', 'author 2', 'another'] })
  await until(() => jobNames.length === 3)
  expect(jobNames).toEqual(['renamed', 'renamed', undefined])
  expect(reads).toEqual([[1, 2], [1], [1, 9]])
})

describe('an invalid relation', () => {
  test.each([
    ['repeated', /read 2 rows for 1 \(a number\).+many/],
    ['unasked', /read a row with the key "1" \(a string\), .+ requested keys include 1 \(a number\)/],
    ['broken', /division by zero/],
  ] as const)('an invalid relation rejects every waiting load: %s', async (how, message) => {
    const { names } = await library.call.misread({ how })
    expect(names).toEqual([expect.stringMatching(message), expect.stringMatching(message)])
  })
})
