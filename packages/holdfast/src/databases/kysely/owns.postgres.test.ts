import { type Caller, holdfast, signedIn } from 'holdfast'
import { kysely, owns } from 'holdfast/kysely'
import { createTestService } from 'holdfast/testing'
import { CamelCasePlugin, type Generated } from 'kysely'
import { expect, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import { findLeak, identifyOwner, noteMigrations } from '../../../test/query-builders/ownership-trial.ts'

interface Tables {
  readonly notes: { readonly id: Generated<number>; readonly owner: string; readonly text: string }
}

interface Row {
  readonly id: number
  readonly owner: string
  readonly text: string
}

const app = holdfast({
  database: kysely<Tables>({ migrations: await noteMigrations() }),
  identify: identifyOwner,
})

const ownNote = owns<Row>('notes', { owner: 'owner' })

const input = z.object({ id: z.int() })
const Note = z.object({ id: z.int(), text: z.string() })

const operations = {
  listNotes: app.query({
    route: 'GET /notes',
    access: signedIn(),
    output: z.object({ items: z.array(Note).max(100) }),
    run: async ({ caller, db }) => ({
      items: await db
        .selectFrom('notes')
        .select(['id', 'text'])
        .where(ownNote.where(caller))
        .limit(100)
        .execute(),
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
      await db.updateTable('notes').set({ text }).where('id', '=', row.id).execute()
    },
  }),
  deleteNote: app.mutation({
    route: 'DELETE /notes/{id}',
    access: ownNote,
    input,
    async run({ row, db }) {
      await db.deleteFrom('notes').where('id', '=', row.id).execute()
    },
  }),
  copyNote: app.mutation({
    route: 'POST /notes/{id}/copies',
    access: ownNote,
    input,
    async run({ row, caller, db }) {
      await db
        .insertInto('notes')
        .values({ owner: caller.id, text: `copy of ${row.text}` })
        .execute()
    },
  }),
}

test('with owns of Kysely, no operation lets a caller read or change a row of another caller', async () => {
  await using tested = await createTestService(app.service({ name: 'owned-by-kysely', operations }))
  expect(await findLeak(tested, { runs: 60 })).toBeUndefined()
})

test('owns of Kysely locks the row in a mutation', async () => {
  const held = Promise.withResolvers<void>()
  const locked = Promise.withResolvers<void>()
  const service = app.service({
    name: 'locking',
    operations: {
      hold: app.mutation({
        route: 'POST /notes/{id}/holds',
        access: ownNote,
        input,
        async run() {
          locked.resolve()
          await held.promise
        },
      }),
    },
  })
  await using tested = await createTestService(service)
  await tested.sql(`insert into notes (owner, text) values ('ann', '')`)
  const holding = tested.call.hold({ id: 1 }, { headers: { 'x-caller': 'user ann' } })
  await locked.promise
  await expect(tested.sql('select from notes for update nowait')).rejects.toThrow('could not obtain lock')
  held.resolve()
  await holding
})

test('owns of Kysely can check the tenant, answer with 403, and use names that a plugin changes', async () => {
  interface Box {
    readonly boxId: number
    readonly ownerId: string
    readonly tenantId: string
  }
  const tenants = holdfast({
    database: kysely<{ 'main.packedBoxes': Box }>({ plugins: [new CamelCasePlugin()] }),
    identify: ({ header }): Caller => ({ kind: 'user', id: 'ann', tenant: header('x-tenant') ?? 'none' }),
  })
  const get = (denied: 'hidden' | 'forbidden') =>
    tenants.query({
      route: `GET /${denied}/{box}`,
      access: owns<Box, 'box'>('main.packedBoxes', {
        owner: 'ownerId',
        id: 'boxId',
        tenant: 'tenantId',
        input: 'box',
        denied,
      }),
      input: z.object({ box: z.int() }),
      run: () => {},
    })
  const service = tenants.service({
    name: 'kysely-tenants',
    operations: { hidden: get('hidden'), forbidden: get('forbidden') },
  })
  await using tested = await createTestService(service)
  await tested.sql('create schema main')
  await tested.sql('create table main.packed_boxes (box_id int primary key, owner_id text, tenant_id text)')
  await tested.sql(`insert into main.packed_boxes values (1, 'ann', 'a'), (2, 'bob', 'a'), (3, 'ann', 'b')`)
  const statusesOf = (name: 'hidden' | 'forbidden', tenant: string) =>
    Promise.all(
      [1, 2, 3].map(
        async (box) => (await tested.send(name, { box }, { headers: { 'x-tenant': tenant } })).status,
      ),
    )
  expect(await statusesOf('hidden', 'a')).toEqual([204, 404, 404])
  expect(await statusesOf('forbidden', 'a')).toEqual([204, 403, 404])
  expect(await statusesOf('forbidden', 'b')).toEqual([404, 404, 204])
})

test('owns of Kysely accepts only columns of the row', () => {
  // @ts-expect-error 'author' is not a column.
  expect(() => owns<Row>('notes', { owner: 'author' })).not.toThrow()
})
