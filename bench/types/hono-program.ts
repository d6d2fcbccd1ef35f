import { type Program, resourceNumbers, schemaFile, shapes } from './resource.ts'

/**
 * Returns a program with the same routes in Hono, with Hono's validator. Hono's RPC client calls
 * each route.
 */
export function honoProgram(operations: number): Program {
  const numbers = resourceNumbers(operations)
  return new Map([
    ['schema.ts', schemaFile(numbers)],
    ['database.ts', database],
    ['app.ts', app(numbers)],
    ['client.ts', client],
    ...numbers.map((n): [string, string] => [`things-${n}.ts`, resource(n)]),
    ...numbers.map((n): [string, string] => [`use-things-${n}.ts`, use(n)]),
  ])
}

const database = `import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres'
import * as schema from './schema.ts'

export const db: NodePgDatabase<typeof schema> = drizzle({ connection: '', schema, casing: 'snake_case' })
`

const client = `import { hc } from 'hono/client'
import type { App } from './app.ts'

export const client = hc<App>('http://127.0.0.1:3000')
`

function app(numbers: readonly number[]): string {
  return `import { Hono } from 'hono'
${numbers.map((n) => `import { things${n} } from './things-${n}.ts'`).join('\n')}

const app = new Hono()${numbers.map((n) => `\n  .route('/things-${n}', things${n})`).join('')}

export type App = typeof app
`
}

function resource(n: number): string {
  return `import { randomUUID } from 'node:crypto'
import { zValidator } from '@hono/zod-validator'
import { eq, gt } from 'drizzle-orm'
import { Hono } from 'hono'
import { z } from 'zod'
import { db } from './database.ts'
import { things${n} as table } from './schema.ts'
import type { things${n} as things${n}Table } from './schema.ts'
${shapes(n).replaceAll(`typeof things${n}.`, `typeof things${n}Table.`)}
const List = z.object({ limit: z.coerce.number().int().max(100).default(20), cursor: z.uuid().optional() })

export const things${n} = new Hono()
  .post('/', zValidator('json', Create), async (c) => {
    const [row] = await db
      .insert(table)
      .values({ id: randomUUID(), ...c.req.valid('json') })
      .returning()
    return c.json(toThing(row!), 201)
  })
  .get('/:id', zValidator('param', Id), async (c) => {
    const { id } = c.req.valid('param')
    const [row] = await db.select().from(table).where(eq(table.id, id))
    if (!row) return c.json({ code: 'thing-${n}-not-found', thing: id }, 404)
    return c.json(toThing(row), 200)
  })
  .get('/', zValidator('query', List), async (c) => {
    const { limit, cursor } = c.req.valid('query')
    const rows = await db
      .select()
      .from(table)
      .where(cursor === undefined ? undefined : gt(table.id, cursor))
      .orderBy(table.id)
      .limit(limit)
    return c.json({ items: rows.map(toThing), next: rows.at(-1)?.id }, 200)
  })
  .put('/:id/name', zValidator('param', Id), zValidator('json', Rename), async (c) => {
    const { id } = c.req.valid('param')
    const [row] = await db.update(table).set(c.req.valid('json')).where(eq(table.id, id)).returning()
    if (!row) return c.json({ code: 'thing-${n}-not-found', thing: id }, 404)
    return c.json(toThing(row), 200)
  })
  .delete('/:id', zValidator('param', Id), async (c) => {
    await db.delete(table).where(eq(table.id, c.req.valid('param').id))
    return c.body(null, 204)
  })
`
}

function use(n: number): string {
  return `import { client } from './client.ts'

export async function useThings${n}(): Promise<number> {
  const things = client['things-${n}']
  const json = { name: 'one', kind: 'small', amount${n}: 1 } as const
  const made = await things.$post({ json })
  if (made.status !== 201) throw new Error('not made')
  const read = await things[':id'].$get({ param: { id: (await made.json()).id } })
  if (read.status !== 200) throw new Error('not found')
  const { id } = await read.json()
  const list = await things.$get({ query: { limit: '10' } })
  if (list.status !== 200) throw new Error('not listed')
  const { items } = await list.json()
  const renamed = await things[':id'].name.$put({ param: { id }, json: { name: items[0]?.name ?? 'two' } })
  if (renamed.status !== 200) throw new Error('not found')
  const thing = await renamed.json()
  await things[':id'].$delete({ param: { id: thing.id } })
  return thing.amount${n}
}
`
}
