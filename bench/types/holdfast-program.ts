import { type Program, resourceNumbers, schemaFile, shapes } from './resource.ts'

/**
 * Returns a service with the given number of operations, written like the ledger, and a typed
 * caller of each operation.
 */
export function holdfastProgram(operations: number): Program {
  const numbers = resourceNumbers(operations)
  return new Map([
    ['schema.ts', schemaFile(numbers)],
    ['app.ts', app],
    ['service.ts', service(numbers)],
    ['client.ts', client],
    ...numbers.map((n): [string, string] => [`things-${n}.ts`, resource(n)]),
    ...numbers.map((n): [string, string] => [`use-things-${n}.ts`, use(n)]),
  ])
}

const app = `import { holdfast } from 'holdfast'
import { drizzle } from 'holdfast/drizzle'
import * as schema from './schema.ts'

export const { query, mutation, service } = holdfast({ database: drizzle(schema, { casing: 'snake_case' }) })
`

const client = `import { createTestService } from 'holdfast/testing'
import { things } from './service.ts'

export const { call } = await createTestService(things)
`

function service(numbers: readonly number[]): string {
  return `import { service } from './app.ts'
${numbers.map((n) => `import * as things${n} from './things-${n}.ts'`).join('\n')}

export const things = service({ name: 'things', operations: { ${numbers.map((n) => `...things${n}`).join(', ')} } })
`
}

function resource(n: number): string {
  return `import { randomUUID } from 'node:crypto'
import { anyone, pages, problem } from 'holdfast'
import { eq, getTableColumns } from 'drizzle-orm'
import { list } from 'holdfast/drizzle'
import { z } from 'zod'
import { mutation, query } from './app.ts'
import { things${n} } from './schema.ts'
${shapes(n)}
const NotFound${n} = problem('thing-${n}-not-found', {
  status: 404,
  title: 'There is no such thing',
  extra: z.object({ thing: z.uuid() }),
})

export const create${n} = mutation({
  route: 'POST /things-${n}',
  access: anyone('a benchmark'),
  input: Create,
  output: Thing,
  status: 201,
  async run({ input, db }) {
    const [row] = await db.insert(things${n}).values({ id: randomUUID(), ...input }).returning()
    return toThing(row!)
  },
})

export const read${n} = query({
  route: 'GET /things-${n}/{id}',
  access: anyone('a benchmark'),
  input: Id,
  output: Thing,
  problems: [NotFound${n}],
  async run({ input, db }) {
    const [row] = await db.select().from(things${n}).where(eq(things${n}.id, input.id))
    if (!row) throw NotFound${n}({ thing: input.id })
    return toThing(row)
  },
})

export const list${n} = query({
  route: 'GET /things-${n}',
  access: anyone('a benchmark'),
  input: pages.input(),
  output: pages.output(Thing),
  run: ({ input, db, page }) =>
    page(
      input,
      list([things${n}.id], ({ where, position }) =>
        db
          .select({ ...getTableColumns(things${n}), position })
          .from(things${n})
          .where(where),
      ),
      toThing,
    ),
})

export const rename${n} = mutation({
  route: 'PUT /things-${n}/{id}/name',
  access: anyone('a benchmark'),
  input: Id.extend(Rename.shape),
  output: Thing,
  problems: [NotFound${n}],
  async run({ input, db }) {
    const [row] = await db
      .update(things${n})
      .set({ name: input.name })
      .where(eq(things${n}.id, input.id))
      .returning()
    if (!row) throw NotFound${n}({ thing: input.id })
    return toThing(row)
  },
})

export const delete${n} = mutation({
  route: 'DELETE /things-${n}/{id}',
  access: anyone('a benchmark'),
  input: Id,
  async run({ input, db }) {
    await db.delete(things${n}).where(eq(things${n}.id, input.id))
  },
})
`
}

function use(n: number): string {
  return `import { call } from './client.ts'

export async function useThings${n}(): Promise<number> {
  const made = await call.create${n}({ name: 'one', kind: 'small', amount${n}: 1 })
  const read = await call.read${n}({ id: made.id })
  const { items } = await call.list${n}({ limit: 10 })
  const renamed = await call.rename${n}({ id: read.id, name: items[0]?.name ?? 'two' })
  await call.delete${n}({ id: renamed.id })
  return renamed.amount${n}
}
`
}
