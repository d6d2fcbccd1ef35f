import { type Caller, holdfast, signedIn } from 'holdfast'
import { owns, postgres, sql } from 'holdfast/postgres'
import { createTestService } from 'holdfast/testing'
import { expect, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import { findLeak, identifyOwner, noteMigrations } from '../../../test/query-builders/ownership-trial.ts'

const database = postgres({ migrations: await noteMigrations() })
const app = holdfast({ database, identify: identifyOwner })

interface Row {
  readonly id: number
  readonly text: string
}

const ownNote = owns<Row>('notes', { owner: 'owner' })

const input = z.object({ id: z.int() })
const Note = z.object({ id: z.int(), text: z.string() })

const operations = {
  listNotes: app.query({
    route: 'GET /notes',
    access: signedIn(),
    output: z.object({ items: z.array(Note).max(100) }),
    run: async ({ caller, db }) => ({
      items: await db.query<Row & Record<string, unknown>>(
        sql`select id, text from notes where ${ownNote.where(caller)} limit 100`,
      ),
    }),
  }),
  getNote: app.query({
    route: 'GET /notes/{id}',
    access: ownNote,
    input,
    output: Note,
    run({ row }) {
      expectTypeOf(row).toEqualTypeOf<Row>()
      return row
    },
  }),
  changeNote: app.mutation({
    route: 'PUT /notes/{id}',
    access: ownNote,
    input: input.extend({ text: z.string() }),
    async run({ row, input: { text }, db }) {
      await db.query(sql`update notes set text = ${text} where id = ${row.id}`)
    },
  }),
  deleteNote: app.mutation({
    route: 'DELETE /notes/{id}',
    access: ownNote,
    input,
    async run({ row, db }) {
      await db.query(sql`delete from notes where id = ${row.id}`)
    },
  }),
  copyNote: app.mutation({
    route: 'POST /notes/{id}/copies',
    access: ownNote,
    input,
    async run({ row, caller, db }) {
      await db.query(sql`insert into notes (owner, text) values (${caller.id}, ${`copy of ${row.text}`})`)
    },
  }),
}

test('with owns of SQL, no operation lets a caller read or change a row of another caller', async () => {
  await using tested = await createTestService(app.service({ name: 'owned-by-sql', operations }))
  expect(await findLeak(tested, { runs: 60 })).toBeUndefined()
})

test('owns of SQL can check the tenant, answer with 403, and quote names', async () => {
  const tenants = holdfast({
    database: postgres(),
    identify: ({ header }): Caller => ({ kind: 'user', id: 'ann', tenant: header('x-tenant') ?? 'none' }),
  })
  const get = (denied: 'hidden' | 'forbidden') =>
    tenants.query({
      route: `GET /${denied}/{box}`,
      access: owns<Row, 'box'>('main.the "Boxes"', {
        owner: 'Owner',
        id: 'box id',
        tenant: 'Tenant',
        input: 'box',
        denied,
      }),
      input: z.object({ box: z.int() }),
      run: () => {},
    })
  const service = tenants.service({
    name: 'owned-by-tenants',
    operations: { hidden: get('hidden'), forbidden: get('forbidden') },
  })
  await using tested = await createTestService(service)
  await tested.sql('create schema main')
  await tested.sql(
    'create table main."the ""Boxes""" ("box id" int primary key, "Owner" text, "Tenant" text)',
  )
  await tested.sql(
    `insert into main."the ""Boxes""" values (1, 'ann', 'acme'), (2, 'bob', 'acme'), (3, 'ann', 'b')`,
  )
  const statusesOf = (name: 'hidden' | 'forbidden', tenant: string) =>
    Promise.all(
      [1, 2, 3].map(
        async (box) => (await tested.send(name, { box }, { headers: { 'x-tenant': tenant } })).status,
      ),
    )
  expect(await statusesOf('hidden', 'acme')).toEqual([204, 404, 404])
  expect(await statusesOf('forbidden', 'acme')).toEqual([204, 403, 404])
  expect(await statusesOf('forbidden', 'b')).toEqual([404, 404, 204])
})
