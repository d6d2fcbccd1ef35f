import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { anyone, holdfast, pages } from 'holdfast'
import { sql } from 'holdfast/postgres'
import { type AnyPrismaClient, list, prisma, type PrismaAdapter } from 'holdfast/prisma'
import { createTestService } from 'holdfast/testing'
import { afterAll, expect, test } from 'vitest'
import { z } from 'zod'
import { testConformance } from '../../../test/query-builders/conformance.ts'
import { generatePrismaClient } from '../../../test/query-builders/generate-prisma-client.ts'
import { type Author, migration, type Sample } from '../../../test/query-builders/query-builder.ts'

/** A sample with Prisma's types for its columns. */
interface PrismaSample {
  readonly id: number
  readonly day: Date
  readonly amounts: readonly { toFixed(): string }[]
}

interface Note {
  readonly id: number
  readonly authorId: number
}

/**
 * The members of the generated client that are used here. The documentation page tests its types.
 */
interface Client extends AnyPrismaClient {
  readonly author: {
    findUnique(args: object): Promise<Author | null> & { notes(): Promise<Note[] | null> }
    findUniqueOrThrow(args: object): Promise<Author & { readonly notes: readonly Note[] }>
    create(args: object): Promise<Author>
    update(args: object): Promise<Author>
    findMany(args: object): Promise<Author[]>
  }
  readonly sample: {
    create(args: object): Promise<unknown>
    findUniqueOrThrow(args: object): Promise<Omit<Sample, 'day' | 'amounts'> & PrismaSample>
  }
  $transaction<T>(run: ((db: Client) => Promise<T>) | readonly Promise<T>[]): Promise<T>
  $queryRaw(statement: unknown, ...values: readonly unknown[]): Promise<unknown>
  $queryRawUnsafe(text: string): Promise<unknown>
}

// The folder is inside the packages folder, so that imports of the generated code are resolved.
const parent = join(import.meta.dirname, '../../../test/.run')
await mkdir(parent, { recursive: true })
const folder = await mkdtemp(`${parent}/`)
afterAll(() => rm(folder, { recursive: true }))

await generatePrismaClient(
  folder,
  `generator client {
     provider   = "prisma-client"
     output     = "./generated"
     engineType = "client"
     generatedFileExtension = "ts"
     importFileExtension    = "ts"
   }
   datasource db {
     provider = "postgresql"
   }
   model Author {
     id   Int    @id
     name String @unique
     notes Note[]
     @@map("authors")
   }
   model Note {
     id       Int    @id
     author   Author @relation(fields: [authorId], references: [id])
     authorId Int    @map("author_id")
     @@map("notes")
   }
   model Sample {
     id       Int      @id
     big      BigInt
     at       DateTime @db.Timestamptz(3)
     day      DateTime @db.Date
     document Json
     tags     String[]
     amounts  Decimal[]
     bytes    Bytes
     note     String?
     @@map("samples")
   }`,
)
const { PrismaClient, Prisma } = (await import(
  /* @vite-ignore */ pathToFileURL(join(folder, 'generated/client.ts')).href
)) as {
  readonly PrismaClient: new (options: { readonly adapter: PrismaAdapter }) => Client
  readonly Prisma: { readonly sql: typeof sql }
}

await testConformance<Client>({
  database: (options) => prisma((adapter) => new PrismaClient({ adapter }), options) as never,
  findAuthor: (db, id) => db.author.findUnique({ where: { id } }),
  findAuthors: (db, ids) => db.author.findMany({ where: { id: { in: [...ids] } } }),
  insertAuthor: (db, author) => db.author.create({ data: author }),
  nest: (db, run) => db.$transaction(run),
  refusesConcurrentNesting: /Concurrent nested transactions are not supported/,
  run: (db, text) => db.$queryRawUnsafe(text),
  writeSample: (db, { day, ...sample }) =>
    db.sample.create({ data: { id: 1, ...sample, day: new Date(`${day}T00:00:00Z`) } }),
  async readSample(db) {
    const { id: _, day, amounts, ...sample } = await db.sample.findUniqueOrThrow({ where: { id: 1 } })
    return {
      ...sample,
      amounts: amounts.map((amount) => amount.toFixed()),
      day: day.toISOString().slice(0, 10),
    }
  },
})

const migrations = join(folder, 'migrations')
await mkdir(migrations)
await writeFile(join(migrations, '0001-authors.sql'), migration)
await writeFile(
  join(migrations, '0002-notes.sql'),
  'create table notes (id int primary key, author_id int not null references authors);',
)

test('reads of one call are one statement, several writes are one unit, and a list is read in pages', async () => {
  const { query, mutation, service } = holdfast({
    database: prisma((adapter) => new PrismaClient({ adapter }), { migrations }),
  })
  const authors = service({
    name: 'authors',
    operations: {
      addAuthors: mutation({
        route: 'POST /authors',
        access: anyone('a test'),
        input: z.object({ ids: z.array(z.int()).max(10) }),
        async run({ input, db }) {
          await db.$transaction(input.ids.map((id) => db.author.create({ data: { id, name: `${id}` } })))
        },
      }),
      findAuthors: query({
        route: 'GET /authors',
        access: anyone('a test'),
        output: z.object({ names: z.array(z.string().nullable()).max(10) }),
        async run({ db }) {
          const found = await Promise.all([1, 2, 3].map((id) => db.author.findUnique({ where: { id } })))
          return { names: found.map((author) => author?.name ?? null) }
        },
      }),
      listAuthors: query({
        route: 'GET /pages',
        access: anyone('a test'),
        input: pages.input({ count: true }),
        output: pages.output(z.object({ id: z.int(), name: z.string() })),
        run: ({ input, db, page }) =>
          page(input, list<Author>(db, sql`select id, name from authors`, { order: ['name', 'id'] })),
      }),
      listSome: query({
        route: 'GET /some',
        access: anyone('a test'),
        input: pages.input(),
        output: pages.output(z.object({ id: z.int(), name: z.string() })),
        run: ({ input, db, page }) =>
          page(
            input,
            list<Author>(
              db,
              Prisma.sql`select id, name from authors where ${Prisma.sql`id >= ${1}`} and id < ${3}`,
              {
                order: ['id'],
              },
            ),
          ),
      }),
    },
  })
  const lines: string[] = []
  await using tested = await createTestService(authors, { onLog: (line) => lines.push(line) })
  await tested.call.addAuthors({ ids: [1, 2] })
  expect((await tested.send('addAuthors', { ids: [3, 3] })).status).toBe(500)
  const answer = await tested.fetch('/authors')
  expect(await answer.json()).toEqual({ names: ['1', '2', null] })
  expect(lines.map((line) => JSON.parse(line) as object)).toContainEqual(
    expect.objectContaining({ operation: 'findAuthors', statements: 1 }),
  )
  const first = await tested.call.listAuthors({ limit: 1, count: true })
  expect(first).toMatchObject({ items: [{ id: 1, name: '1' }], total: 2 })
  expect(await tested.call.listAuthors({ limit: 1, cursor: first.next! })).toMatchObject({
    items: [{ id: 2, name: '2' }],
  })
  const some = await tested.call.listSome({ limit: 1 })
  expect(some.items).toEqual([{ id: 1, name: '1' }])
  expect(await tested.call.listSome({ limit: 1, cursor: some.next! })).toMatchObject({
    items: [{ id: 2, name: '2' }],
  })
})

test('several writes at once are undone as a unit, and the client itself runs nothing in a handler', async () => {
  let client: Client | undefined
  const { mutation, service } = holdfast({
    database: prisma((adapter) => (client = new PrismaClient({ adapter })), { migrations }),
  })
  const caught: unknown[] = []
  const addAuthors = mutation({
    route: 'POST /authors',
    access: anyone('a test'),
    repeats: { allow: 'each part has a savepoint of its own' },
    async run({ db }) {
      const add = (to: Pick<Client, 'author'>, id: number): Promise<Author> =>
        to.author.create({ data: { id, name: `${id}` } })
      const parts = [
        // The failure is not in a statement, so Postgres does not know about it.
        () => db.$transaction([add(db, 1), db.author.update({ where: { id: 9 }, data: { name: '' } })]),
        () => db.$transaction([add(db, 2), add(db, 2)]),
        () => db.$transaction([add(db, 3), add(db, 4)]),
        () => db.$transaction([add(db, 5)]),
        () => db.$transaction((part) => part.$transaction([add(part, 6)])),
        () =>
          client!.$transaction(async (other) => {
            await add(other, 7)
            throw new RangeError('after all')
          }),
      ]
      for (const part of parts) await part().catch((error: unknown) => caught.push(error))
      await add(db, 8)
    },
  })
  await using tested = await createTestService(service({ name: 'authors', operations: { addAuthors } }))
  await tested.call.addAuthors({})
  expect(caught).toMatchObject([{ code: 'P2025' }, { code: 'P2002' }, expect.anything()])
  expect(String(caught[2])).toContain('outside of any call')
  const rows = await tested.sql<{ id: number }>('select id from authors order by id')
  expect(rows.map(({ id }) => id)).toEqual([3, 4, 5, 6, 8])
})

test('the client itself runs nothing outside of calls', async () => {
  let client: Client | undefined
  prisma((adapter) => (client = new PrismaClient({ adapter })))
  await expect(client?.author.findUnique({ where: { id: 1 } })).rejects.toThrow(/outside of any call/)
  await expect(client?.$transaction(async () => {})).rejects.toThrow(/outside of any call/)
})

test('an identifier reads relations and raw statements, and cannot start a transaction', async () => {
  const where = { id: 1 }
  const reads: Readonly<Record<string, (db: Client) => Promise<unknown>>> = {
    include: async (db) => (await db.author.findUniqueOrThrow({ where, include: { notes: true } })).notes,
    fluent: (db) => db.author.findUnique({ where }).notes(),
    raw: (db) => db.$queryRaw`select id, author_id as "authorId" from notes where author_id = ${1}`,
    concurrent: async (db) =>
      (await Promise.all([1, 2].map((id) => db.author.findUnique({ where: { id } }).notes()))).flatMap(
        (notes) => notes ?? [],
      ),
    unsent: async (db) => {
      void db.author.create({ data: { id: 3, name: 'never awaited' } })
      return db.$queryRawUnsafe('select id, author_id as "authorId" from notes')
    },
    array: (db) => db.$transaction([db.author.findUniqueOrThrow({ where: { id: 9 } })]),
    interactive: (db) => db.$transaction((part) => part.author.findUnique({ where })),
    rawWrite: (db) => db.$queryRaw`delete from notes`,
    update: (db) => db.author.update({ where, data: { name: 'sly' } }),
  }
  let found: unknown
  const { query, service } = holdfast({
    database: prisma((adapter) => new PrismaClient({ adapter }), { migrations }),
    async identify({ header, db }) {
      found = undefined
      found = await reads[header('authorization')!]!(db as never)
      return undefined
    },
  })
  const look = query({ route: 'GET /look', access: anyone('a test'), run: () => {} })
  const lines: string[] = []
  await using tested = await createTestService(service({ name: 'authors', operations: { look } }), {
    onLog: (line) => lines.push(line),
  })
  await tested.sql(`insert into authors values (1, 'Ann')`)
  await tested.sql('insert into notes values (7, 1)')
  for (const authorization of ['include', 'fluent', 'raw', 'concurrent', 'unsent']) {
    const { status } = await tested.send('look', {}, { headers: { authorization } })
    expect({ authorization, status, found }).toEqual({
      authorization,
      status: 204,
      found: [{ id: 7, authorId: 1 }],
    })
  }
  for (const [authorization, code] of [
    ['array', 'transaction-control'],
    ['interactive', 'transaction-control'],
    ['rawWrite', 'query-writes'],
    ['update', 'query-writes'],
  ] as const) {
    lines.length = 0
    expect((await tested.send('look', {}, { headers: { authorization } })).status).toBe(500)
    expect(lines.join('\n'), authorization).toContain(code)
  }
  expect(await tested.sql('select name from authors')).toEqual([{ name: 'Ann' }])
  expect(await tested.sql('select id from notes')).toEqual([{ id: 7 }])
})
