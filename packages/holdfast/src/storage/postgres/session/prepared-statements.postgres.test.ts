import { anyone, holdfast } from 'holdfast'
import { postgres, type PostgresOptions, sql } from 'holdfast/postgres'
import { createTestService } from 'holdfast/testing'
import { expect, test } from 'vitest'
import { z } from 'zod'

const migrations = new URL('./prepared-statements.fixture/', import.meta.url)
const Names = z.object({ names: z.array(z.string()).max(1_000) })
const Row = z.object({ id: z.int(), note: z.string().optional() })

/**
 * A service that returns the statements prepared on its query connection, and selects all columns
 * of a table.
 */
function serviceOf(options: PostgresOptions = {}) {
  const { query, mutation, service } = holdfast({
    database: postgres({ migrations, connections: { reads: 1, writes: 1 }, ...options }),
  })
  const prepared = query({
    route: 'GET /prepared',
    access: anyone('a test'),
    output: Names,
    async run({ db }) {
      const rows = await db.query<{ statement: string }>(sql`select statement from pg_prepared_statements`)
      return { names: rows.map(({ statement }) => statement) }
    },
  })
  const readThing = query({
    route: 'GET /things/{id}',
    access: anyone('a test'),
    input: z.object({ id: z.int() }),
    output: Row,
    async run({ input, db }) {
      const [row] = await db.query<z.infer<typeof Row>>(sql`select * from things where id = ${input.id}`)
      return row!
    },
  })
  const addThing = mutation({
    route: 'POST /things',
    access: anyone('a test'),
    output: Row,
    async run({ db }) {
      const [row] = await db.query<z.infer<typeof Row>>(sql`insert into things default values returning *`)
      return row!
    },
  })
  return service({ name: 'prepared', operations: { prepared, readThing, addThing } })
}

test('a statement is prepared if it is repeated, but not if it runs once', async () => {
  await using running = await createTestService(serviceOf())
  await running.call.addThing({})
  await running.call.readThing({ id: 1 })
  expect((await running.call.prepared({})).names).toEqual([])
  await running.call.readThing({ id: 1 })
  expect((await running.call.prepared({})).names).toContain('select * from things where id = $1')
})

test('nothing is prepared if preparing is disabled', async () => {
  await using running = await createTestService(serviceOf({ preparedStatements: false }))
  await running.call.addThing({})
  for (let times = 0; times < 3; times += 1) await running.call.readThing({ id: 1 })
  expect((await running.call.prepared({})).names).toEqual([])
})

test('a table change during a call fails neither a query nor a mutation', async () => {
  await using running = await createTestService(serviceOf())
  for (let times = 0; times < 3; times += 1) {
    await running.call.addThing({})
    await running.call.readThing({ id: 1 })
  }
  await running.sql(`alter table things add column note text not null default 'new'`)
  expect(await running.call.readThing({ id: 1 })).toEqual({ id: 1, note: 'new' })
  expect(await running.call.addThing({})).toEqual({ id: 4, note: 'new' })
})
