import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { anyone, holdfast } from 'holdfast'
import { drizzle } from 'holdfast/drizzle'
import { createTestService, until } from 'holdfast/testing'
import { eq } from 'drizzle-orm'
import { integer, pgTable } from 'drizzle-orm/pg-core'
import { afterAll, expect, test } from 'vitest'

const folder = await mkdtemp(join(tmpdir(), 'holdfast-unbounded-'))
afterAll(() => rm(folder, { recursive: true }))
await writeFile(
  join(folder, '0001-notes.sql'),
  'create table notes (id int primary key, author int not null)',
)

const notes = pgTable('notes', { id: integer().primaryKey(), author: integer().notNull() })
const { query, service } = holdfast({ database: drizzle({ notes }, { migrations: folder }) })
const access = anyone('a test')

const reads = service({
  name: 'reads',
  operations: {
    all: query({
      route: 'GET /notes',
      access,
      run: async ({ db }) => void (await db.select().from(notes).where(eq(notes.author, 1))),
    }),
    one: query({
      route: 'GET /note',
      access,
      run: async ({ db }) => void (await db.select().from(notes).where(eq(notes.id, 1))),
    }),
    few: query({
      route: 'GET /few-notes',
      access,
      run: async ({ db }) => void (await db.select().from(notes).limit(5)),
    }),
    loop: query({
      route: 'GET /notes-one-by-one',
      access,
      async run({ db }) {
        for (const id of [1, 2, 3])
          await db
            .select()
            .from(notes)
            .where(eq(notes.id, 1_000 + id))
      },
    }),
    meant: query({
      route: 'GET /meant-notes',
      access,
      maxRows: 50_000,
      run: async ({ db }) => void (await db.select().from(notes).where(eq(notes.author, 2))),
    }),
  },
})

test('an unbounded SELECT is reported once', async () => {
  const lines: string[] = []
  {
    await using tested = await createTestService(reads, { onLog: (line) => lines.push(line) })
    for (const name of ['one', 'few', 'meant', 'all', 'all'] as const) await tested.call[name]({})
    await until(() => lines.some((line) => line.includes('query-unbounded')))
  }
  const told = lines.filter((line) => line.includes('query-unbounded'))
  expect(told).toHaveLength(1)
  expect(JSON.parse(told[0]!)).toMatchObject({
    level: 'warn',
    tables: 'notes',
    statement: expect.stringContaining('where "notes"."author" = $1'),
    msg: expect.stringContaining('may read any number of rows of notes'),
  })
})

test('a rejected statement is logged as such, without the values that a query builder adds', async () => {
  const lines: string[] = []
  await using tested = await createTestService(reads, { onLog: (line) => lines.push(line) })
  expect((await tested.send('loop', {})).status).toBe(500)
  const failed = lines.find((line) => line.includes('query-repeated'))
  expect(JSON.parse(failed!)).toMatchObject({ error: { name: 'HoldfastError', code: 'query-repeated' } })
  expect(failed).not.toContain('1003')
})
