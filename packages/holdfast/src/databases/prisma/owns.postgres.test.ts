import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Caller, holdfast, signedIn } from 'holdfast'
import { type AnyPrismaClient, owns, prisma, type PrismaAdapter } from 'holdfast/prisma'
import { createTestService } from 'holdfast/testing'
import { afterAll, expect, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import { generatePrismaClient } from '../../../test/query-builders/generate-prisma-client.ts'
import { findLeak, identifyOwner, noteMigrations } from '../../../test/query-builders/ownership-trial.ts'

interface Row {
  readonly id: number
  readonly ownerId: string
  readonly text: string
}

interface Box {
  readonly boxId: string
  readonly ownerId: string
  readonly tenant: string
  readonly kind: 'small' | 'large'
}

/**
 * The members of the generated client that are used here. The documentation page tests its types.
 */
interface Client extends AnyPrismaClient {
  readonly note: {
    findMany(args: object): Promise<Row[]>
    update(args: object): Promise<Row>
    delete(args: object): Promise<Row>
    create(args: object): Promise<Row>
  }
  readonly box: { findMany(args: object): Promise<Box[]> }
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
   model Note {
     id      Int    @id @default(autoincrement())
     ownerId String @map("owner")
     text    String
     @@map("notes")
   }
   model Box {
     boxId   String @id @db.Uuid
     ownerId String @map("owner id")
     tenant  String
     kind    String
   }`,
)
const { PrismaClient } = (await import(
  /* @vite-ignore */ pathToFileURL(join(folder, 'generated/client.ts')).href
)) as { readonly PrismaClient: new (options: { readonly adapter: PrismaAdapter }) => Client }

const migrations = await noteMigrations()
const create = (adapter: PrismaAdapter): Client => new PrismaClient({ adapter })
const app = holdfast({ database: prisma(create, { migrations }), identify: identifyOwner })

const ownNote = owns<Row>('note', { owner: 'ownerId', table: 'notes', columns: { ownerId: 'owner' } })

const input = z.object({ id: z.int() })
const Note = z.object({ id: z.int(), text: z.string() })

const held = Promise.withResolvers<void>()
const locked = Promise.withResolvers<void>()
const operations = {
  listNotes: app.query({
    route: 'GET /notes',
    access: signedIn(),
    output: z.object({ items: z.array(Note).max(100) }),
    run: async ({ caller, db }) => ({
      items: await db.note.findMany({ where: ownNote.where(caller), take: 100 }),
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
      await db.note.update({ where: { id: row.id }, data: { text } })
    },
  }),
  deleteNote: app.mutation({
    route: 'DELETE /notes/{id}',
    access: ownNote,
    input,
    async run({ row, db }) {
      await db.note.delete({ where: { id: row.id } })
    },
  }),
  copyNote: app.mutation({
    route: 'POST /notes/{id}/copies',
    access: ownNote,
    input,
    async run({ row, caller, db }) {
      await db.note.create({ data: { ownerId: caller.id, text: `copy of ${row.text}` } })
    },
  }),
  holdNote: app.mutation({
    route: 'POST /notes/{id}/holds',
    access: ownNote,
    input,
    async run() {
      locked.resolve()
      await held.promise
    },
  }),
}

test('with owns of Prisma, no operation lets a caller read or change a row of another caller, and a mutation locks its row', async () => {
  await using tested = await createTestService(app.service({ name: 'owned-by-prisma', operations }))
  expect(await findLeak(tested, { runs: 40 })).toBeUndefined()
  await tested.sql(
    `truncate notes restart identity; insert into notes (owner, text) values ('ann', ''), ('bob', '')`,
  )
  const holding = tested.call.holdNote({ id: 1 }, { headers: { 'x-caller': 'user ann' } })
  await locked.promise
  const lock = (id: number) => tested.sql(`select from notes where id = ${id} for update nowait`)
  await expect(lock(1)).rejects.toThrow('could not obtain lock')
  await expect(lock(2)).resolves.toHaveLength(1)
  held.resolve()
  await holding
})

test('owns of Prisma can check the tenant, and answer with 403, with ids that are UUIDs', async () => {
  const tenants = holdfast({
    database: prisma(create),
    identify: ({ header }): Caller => {
      const tenant = header('x-tenant')
      return { kind: 'user', id: 'ann', ...(tenant === undefined ? {} : { tenant }) }
    },
  })
  const ownBox = (denied: 'hidden' | 'forbidden') =>
    owns<Box, 'box'>('box', {
      owner: 'ownerId',
      id: 'boxId',
      tenant: 'tenant',
      input: 'box',
      columns: { ownerId: 'owner id' },
      denied,
    })
  const given = { input: z.object({ box: z.uuid() }), run: () => {} }
  const service = tenants.service({
    name: 'prisma-tenants',
    operations: {
      hidden: tenants.query({ ...given, route: 'GET /hidden/{box}', access: ownBox('hidden') }),
      changed: tenants.mutation({ ...given, route: 'PUT /hidden/{box}', access: ownBox('hidden') }),
      forbidden: tenants.mutation({ ...given, route: 'PUT /forbidden/{box}', access: ownBox('forbidden') }),
      list: tenants.query({
        route: 'GET /boxes',
        access: signedIn(),
        output: z.array(z.string()).max(10),
        run: async ({ caller, db }) =>
          (await db.box.findMany({ where: ownBox('hidden').where(caller), take: 10 })).map(
            ({ boxId }) => boxId,
          ),
      }),
    },
  })
  const ids = [1, 2, 3].map((n) => `00000000-0000-4000-8000-00000000000${n}`)
  await using tested = await createTestService(service)
  await tested.sql(`
    create table "Box" ("boxId" uuid primary key, "owner id" text not null, tenant text not null, kind text not null);
    insert into "Box" values
      ('${ids[0]}', 'ann', 'a', 'small'), ('${ids[1]}', 'bob', 'a', 'small'), ('${ids[2]}', 'ann', 'b', 'small')`)
  const statusesOf = (name: 'hidden' | 'changed' | 'forbidden', headers: Record<string, string>) =>
    Promise.all(ids.map(async (box) => (await tested.send(name, { box }, { headers })).status))
  for (const name of ['hidden', 'changed'] as const) {
    expect(await statusesOf(name, { 'x-tenant': 'a' })).toEqual([204, 404, 404])
    expect(await statusesOf(name, {})).toEqual([404, 404, 404])
  }
  expect(await statusesOf('forbidden', { 'x-tenant': 'a' })).toEqual([204, 403, 404])
  expect(await statusesOf('forbidden', { 'x-tenant': 'b' })).toEqual([404, 404, 204])
  expect(await tested.call.list({}, { headers: { 'x-tenant': 'b' } })).toEqual([ids[2]])
  expect(await tested.call.list({})).toEqual([])
})

test('owns of Prisma accepts only text fields of the row as owner', () => {
  // @ts-expect-error 'author' is not a field.
  expect(() => owns<Row>('note', { owner: 'author' })).not.toThrow()
  // @ts-expect-error An enum is not the id of a user.
  expect(() => owns<Box>('box', { owner: 'kind' })).not.toThrow()
})
