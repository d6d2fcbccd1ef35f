import { integer, pgTable, text } from 'drizzle-orm/pg-core'
import { type Database, holdfast } from 'holdfast'
import { drizzle } from 'holdfast/drizzle'
import { kysely } from 'holdfast/kysely'
import { type AnyPrismaClient, prisma, type PrismaAdapter } from 'holdfast/prisma'
import { createTestService } from 'holdfast/testing'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { generatePrismaClient } from '../../../test/query-builders/generate-prisma-client.ts'

// Each query builder reads and changes only rows of the caller's tenant.

const options = {
  migrations: new URL('./tenants.fixture/', import.meta.url),
  tenants: { column: 'tenant' },
} as const

/** Reads and changes all orders, without a `where`. */
interface Acts<Read, Write> {
  readonly ids: (db: Read) => Promise<readonly string[]>
  readonly change: (db: Write) => Promise<unknown>
}

function testBuilder<Read, Write>(
  name: string,
  database: Database<Read, Write>,
  acts: Acts<Read, Write>,
): void {
  const app = holdfast({
    database,
    identify({ header }) {
      const tenant = header('x-tenant')
      return tenant === undefined ? undefined : { kind: 'service', id: 'test', tenant }
    },
  })
  const access = app.access('all()', ({ caller }) => caller)
  const operations = {
    list: app.query({
      route: 'GET /orders',
      access,
      output: z.object({ ids: z.array(z.string()).max(10) }),
      run: async ({ db }) => ({ ids: [...(await acts.ids(db as Read))].toSorted() }),
    }),
    change: app.mutation({
      route: 'POST /orders',
      access,
      run: async ({ db }) => void (await acts.change(db as Write)),
    }),
  }

  test(`${name} reads and changes only rows of the tenant`, async () => {
    await using on = await createTestService(app.service({ name: 'shop', operations }))
    const list = async (tenant?: string): Promise<unknown> => {
      const headers: Record<string, string> = tenant === undefined ? {} : { 'x-tenant': tenant }
      return (await on.call.list({}, { headers })).ids
    }
    expect([await list('acme'), await list('bolt'), await list()]).toEqual([['a1', 'a2'], ['b1'], []])
    await on.call.change({}, { headers: { 'x-tenant': 'acme' } })
    expect(await on.sql('select tenant, total from orders order by id')).toEqual([
      { tenant: 'acme', total: 9 },
      { tenant: 'acme', total: 9 },
      { tenant: 'bolt', total: 3 },
    ])
  })
}

describe('query builders', () => {
  const orders = pgTable('orders', {
    tenant: text().notNull(),
    id: text().notNull(),
    total: integer().notNull(),
  })
  testBuilder('drizzle', drizzle({ orders }, options), {
    ids: async (db) => (await db.select({ id: orders.id }).from(orders).limit(10)).map(({ id }) => id),
    change: (db) => db.update(orders).set({ total: 9 }),
  })

  interface Tables {
    orders: { tenant: string; id: string; total: number }
  }
  testBuilder('kysely', kysely<Tables>(options), {
    ids: async (db) => (await db.selectFrom('orders').select('id').limit(10).execute()).map(({ id }) => id),
    change: (db) => db.updateTable('orders').set({ total: 9 }).execute(),
  })
})

describe('prisma', async () => {
  interface Client extends AnyPrismaClient {
    readonly order: {
      findMany(args: object): Promise<{ readonly id: string }[]>
      updateMany(args: object): Promise<unknown>
    }
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
     model Order {
       tenant String
       id     String
       total  Int
       @@id([tenant, id])
       @@map("orders")
     }`,
  )
  const generated = pathToFileURL(join(folder, 'generated/client.ts')).href
  const { PrismaClient } = (await import(generated)) as {
    readonly PrismaClient: new (given: { readonly adapter: PrismaAdapter }) => Client
  }
  testBuilder(
    'prisma',
    prisma((adapter) => new PrismaClient({ adapter }), options),
    {
      ids: async (db) => (await db.order.findMany({ select: { id: true }, take: 10 })).map(({ id }) => id),
      change: (db) => db.order.updateMany({ data: { total: 9 } }),
    },
  )
})
