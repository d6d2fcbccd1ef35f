import { holdfast, signedIn, type User } from 'holdfast'
import { drizzle, owns } from 'holdfast/drizzle'
import { createTestService } from 'holdfast/testing'
import { eq } from 'drizzle-orm'
import { integer, pgTable, text } from 'drizzle-orm/pg-core'
import { expect, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import { findLeak, identifyOwner, noteMigrations } from '../../../test/query-builders/ownership-trial.ts'

const notes = pgTable('notes', {
  id: integer().primaryKey().generatedAlwaysAsIdentity(),
  owner: text().notNull(),
  text: text().notNull(),
})

const app = holdfast({
  database: drizzle({ notes }, { migrations: await noteMigrations() }),
  identify: identifyOwner,
})

const ownNote = owns(notes, { owner: 'owner' })
const forbiddenNote = owns(notes, { owner: 'owner', input: 'note', denied: 'forbidden' })

const input = z.object({ id: z.int() })
const Note = z.object({ id: z.int(), text: z.string() })

const operations = {
  listNotes: app.query({
    route: 'GET /notes',
    access: signedIn(),
    output: z.object({ items: z.array(Note).max(100) }),
    run: async ({ caller, db }) => ({
      items: await db.select().from(notes).where(ownNote.where(caller)).limit(100),
    }),
  }),
  getNote: app.query({
    route: 'GET /notes/{id}',
    access: ownNote,
    input,
    output: Note,
    run({ row, caller }) {
      expectTypeOf(row).toEqualTypeOf<typeof notes.$inferSelect>()
      expectTypeOf(caller).toEqualTypeOf<User>()
      return row
    },
  }),
  changeNote: app.mutation({
    route: 'PUT /notes/{id}',
    access: ownNote,
    input: input.extend({ text: z.string() }),
    async run({ row, input: { text: changed }, db }) {
      await db.update(notes).set({ text: changed }).where(eq(notes.id, row.id))
    },
  }),
  deleteNote: app.mutation({
    route: 'DELETE /notes/{id}',
    access: ownNote,
    input,
    async run({ row, db }) {
      await db.delete(notes).where(eq(notes.id, row.id))
    },
  }),
  copyNote: app.mutation({
    route: 'POST /notes/{id}/copies',
    access: ownNote,
    input,
    async run({ row, caller, db }) {
      await db.insert(notes).values({ owner: caller.id, text: `copy of ${row.text}` })
    },
  }),
  forbiddenNote: app.query({
    route: 'GET /forbidden/{note}',
    access: forbiddenNote,
    input: z.object({ note: z.int() }),
    run: () => {},
  }),
}

test('with owns, no operation lets a caller read or change a row of another caller', async () => {
  await using tested = await createTestService(app.service({ name: 'owned', operations }))
  expect(await findLeak(tested, { runs: 60 })).toBeUndefined()
})

test.each([
  [
    'a list without the condition',
    {
      listNotes: app.query({
        route: 'GET /notes',
        access: signedIn(),
        output: z.object({ items: z.array(Note).max(100) }),
        run: async ({ db }) => ({ items: await db.select().from(notes).limit(100) }),
      }),
    },
    'listNotes of',
  ],
  [
    'a mutation without the rule',
    {
      changeNote: app.mutation({
        route: 'PUT /notes/{id}',
        access: signedIn(),
        input: input.extend({ text: z.string() }),
        async run({ input: { id, text: changed }, db }) {
          await db.update(notes).set({ text: changed }).where(eq(notes.id, id))
        },
      }),
    },
    'changeNote of',
  ],
])('the trial of owns finds %s', async (_, forgetful, expected) => {
  const service = app.service({ name: 'forgetful', operations: { ...operations, ...forgetful } })
  await using tested = await createTestService(service)
  expect(await findLeak(tested as never, { runs: 200 })).toContain(expected)
})

test('owns can answer with 403, and with another field of the input', async () => {
  await using tested = await createTestService(app.service({ name: 'forbidden', operations }))
  await tested.sql(`insert into notes (owner, text) values ('ann', ''), ('bob', '')`)
  const headers = { 'x-caller': 'user ann' }
  const statuses = await Promise.all(
    [1, 2, 3].map(async (note) => (await tested.send('forbiddenNote', { note }, { headers })).status),
  )
  expect(statuses).toEqual([204, 403, 404])
})

test('owns accepts only columns of the table, and needs the id in the input', () => {
  // @ts-expect-error 'author' is not a column.
  expect(() => owns(notes, { owner: 'author' })).not.toThrow()
  app.query({
    route: 'GET /wrong/{id}',
    // @ts-expect-error Type 'string' is not assignable to type 'number'.
    access: ownNote,
    input: z.object({ id: z.string() }),
    run: () => {},
  })
})
