import { anyone, holdfast } from 'holdfast'
import { postgres, sql } from 'holdfast/postgres'
import { createTestService, until } from 'holdfast/testing'
import { expect, test } from 'vitest'
import { z } from 'zod'

const { query, mutation, service } = holdfast({
  database: postgres({ connections: { reads: 2, writes: 2 } }),
})

const pid = sql`select pg_backend_pid() as pid`

const write = mutation({
  route: 'POST /write',
  access: anyone('a test'),
  idempotency: { optional: 'The test sends none.' },
  run: async ({ db }) => void (await db.query(sql`insert into notes default values`)),
})

let look = async (_pid: number): Promise<void> => {}

/** Takes a session of the pool for writes, and rolls back without writing. */
const glance = mutation({
  route: 'POST /glance',
  access: anyone('a test'),
  idempotency: { optional: 'The test sends none.' },
  async run({ db }) {
    const [row] = await db.query<{ pid: number }>(pid)
    await look(row!.pid)
    throw new Error('seen')
  },
})

const read = query({
  route: 'GET /read',
  access: anyone('a test'),
  output: z.object({ pid: z.int() }),
  run: async ({ db }) => (await db.query<{ pid: number }>(pid))[0]!,
})

const sneak = query({
  route: 'GET /sneak',
  access: anyone('a test'),
  run: async ({ db }) => void (await db.query(sql`insert into notes default values`)),
})

const notes = service({ name: 'notes', operations: { write, glance, read, sneak } })

async function start() {
  const tested = await createTestService(notes, { worker: false, onLog: () => {} })
  await tested.sql(`create table notes (id int generated always as identity)`)
  return tested
}

type Tested = Awaited<ReturnType<typeof start>>

/** Uses both sessions of the pool at the same time, and returns their process IDs. */
async function sessionsOf(tested: Tested): Promise<ReadonlySet<number>> {
  const pids = new Set<number>()
  const { promise, resolve } = Promise.withResolvers<void>()
  look = async (found) => {
    pids.add(found)
    if (pids.size === 2) resolve()
    await promise
  }
  await Promise.all([tested.send('glance', {}).finally(resolve), tested.send('glance', {}).finally(resolve)])
  return pids
}

/**
 * Closes the sessions of the pool, because an open session keeps the default that it started with.
 */
async function endSessions(tested: Tested): Promise<void> {
  const before = await sessionsOf(tested)
  await tested.sql(`select pg_terminate_backend(pid) from unnest(array[${[...before].join()}]) as pid`)
  await until(async () => (await sessionsOf(tested)).isDisjointFrom(before))
}

test('all sessions of a pool are replaced when the database leaves read-only mode', async () => {
  await using tested = await start()
  const name = new URL(tested.databaseUrl).pathname.slice(1)
  await tested.sql(`alter database "${name}" set default_transaction_read_only = on`)
  await endSessions(tested)
  const readOnly = await sessionsOf(tested)
  const refused = await tested.send('write', {})
  expect([refused.status, refused.headers['retry-after'], JSON.parse(refused.body!)]).toEqual([
    503,
    '1',
    expect.objectContaining({ code: 'database-unavailable' }),
  ])
  // The test's session is read-only as well if it was opened after the setting changed.
  await tested.sql(`set session characteristics as transaction read write`)
  await tested.sql(`alter database "${name}" reset default_transaction_read_only`)
  expect((await tested.send('write', {})).status).toBe(204)
  expect((await sessionsOf(tested)).isDisjointFrom(readOnly)).toBe(true)
})

test('a query that writes fails as a defect, and the sessions of the pool are kept', async () => {
  await using tested = await start()
  const { pid: before } = await tested.call.read({})
  expect((await tested.send('sneak', {})).status).toBe(500)
  await tested.call.read({})
  expect(await tested.sql(`select from pg_stat_activity where pid = ${before}`)).toHaveLength(1)
})
