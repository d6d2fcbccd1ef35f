import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { anyone, holdfast, pages } from 'holdfast'
import { kysely, list } from 'holdfast/kysely'
import { createTestService } from 'holdfast/testing'
import { CamelCasePlugin, sql } from 'kysely'
import { afterAll, expect, test } from 'vitest'
import { z } from 'zod'

interface Tables {
  notes: { id: number }
}

const folder = await mkdtemp(join(tmpdir(), 'holdfast-kysely-'))
afterAll(() => rm(folder, { recursive: true }))
await writeFile(join(folder, '0001-notes.sql'), 'create table notes (id int primary key);')

const { query, mutation, job, service } = holdfast({ database: kysely<Tables>({ migrations: folder }) })

const remind = job({ name: 'remind', input: z.object({ id: z.int() }), run: async () => {} })

const notes = service({
  name: 'notes',
  jobs: [remind],
  operations: {
    control: mutation({
      route: 'POST /controlled',
      access: anyone('a test'),
      async run({ db, jobs }) {
        const transaction = await db.startTransaction().execute()
        await transaction.insertInto('notes').values({ id: 1 }).execute()
        const part = await transaction.savepoint('a part').execute()
        await part.insertInto('notes').values({ id: 2 }).execute()
        await jobs.enqueue(remind, { id: 2 })
        await part.rollbackToSavepoint('a part').execute()
        await transaction.insertInto('notes').values({ id: 3 }).execute()
        await transaction.commit().execute()
      },
    }),
    isolate: mutation({
      route: 'POST /isolated',
      access: anyone('a test'),
      run: ({ db }) =>
        db
          .transaction()
          .setIsolationLevel('serializable')
          .execute(async () => {}),
    }),
    stream: mutation({
      route: 'POST /streams',
      access: anyone('a test'),
      async run({ db }) {
        for await (const _ of db.selectFrom('notes').selectAll().stream()) break
      },
    }),
    change: mutation({
      route: 'POST /changes',
      access: anyone('a test'),
      output: z.object({ changed: z.string() }),
      async run({ db }) {
        await db
          .insertInto('notes')
          .values([{ id: 1 }, { id: 2 }])
          .execute()
        const { numUpdatedRows } = await db
          .updateTable('notes')
          .set((notesOf) => ({ id: notesOf('id', '+', 10) }))
          .executeTakeFirst()
        return { changed: `${numUpdatedRows}` }
      },
    }),
    count: query({
      route: 'GET /count',
      access: anyone('a test'),
      output: z.object({ count: z.int() }),
      async run({ db }) {
        const { rows } = await sql<{ count: number }>`select count(*)::int as count from notes`.execute(db)
        return rows[0]!
      },
    }),
  },
})

test('a controlled transaction is a savepoint, and can be nested', async () => {
  await using tested = await createTestService(notes, { worker: false })
  await tested.call.control({})
  expect(await tested.sql('select id from notes order by id')).toEqual([{ id: 1 }, { id: 3 }])
  expect(await tested.sql('select from holdfast.all_jobs')).toEqual([])
})

test.for([
  ['isolate', 'transaction-control'],
  ['stream', 'kysely-stream-refused'],
] as const)('%s: %s', async ([operation, code]) => {
  const lines: string[] = []
  await using tested = await createTestService(notes, { onLog: (line) => lines.push(line) })
  expect((await tested.send(operation, {})).status).toBe(500)
  expect(lines.join('\n')).toContain(code)
})

test('in another schema, a query reads with the `sql` tag and in pages, and still cannot write', async () => {
  const elsewhere = service({
    name: 'elsewhere',
    operations: {
      listNotes: query({
        route: 'GET /notes',
        access: anyone('a test'),
        input: pages.input(),
        output: pages.output(z.object({ id: z.int(), schema: z.string() })),
        async run({ input, db, page }) {
          const other = db.withSchema('other').withPlugin(new CamelCasePlugin())
          const { rows } = await sql<{ inSchema: string }>`select 'other' as in_schema`.execute(other)
          // @ts-expect-error Property 'deleteFrom' does not exist on what a query gets.
          void other.deleteFrom
          return page(
            input,
            list(other, db.selectFrom('notes').select('id'), { order: ['id'] }),
            ({ id }) => ({
              id,
              schema: rows[0]!.inSchema,
            }),
          )
        },
      }),
    },
  })
  await using tested = await createTestService(elsewhere)
  await tested.sql('create schema other')
  await tested.sql('create table other.notes as select 7 as id')
  expect(await tested.call.listNotes({})).toEqual({ items: [{ id: 7, schema: 'other' }] })
})

test('the number of changed rows is returned, and the `sql` tag reads', async () => {
  await using tested = await createTestService(notes)
  expect(await tested.call.change({})).toEqual({ changed: '2' })
  expect(await tested.call.count({})).toEqual({ count: 2 })
})
