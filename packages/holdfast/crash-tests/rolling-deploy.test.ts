import { randomUUID } from 'node:crypto'
import { type TestDatabase, until } from 'holdfast/testing'
import { createMigratedDatabase } from '../src/testing/template.ts'
import type pg from 'pg'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { connectClient } from '../src/storage/postgres/session/connect-client.ts'
import { type ServerProcess, startServer } from './server-process.ts'

/*
 * Goal: two builds of a service run side by side, in either direction of a deployment, and nothing
 * is lost or duplicated.
 *
 * Method: clients place orders without a pause. Meanwhile, servers of a new build replace the old
 * servers, are rolled back, and are deployed again. One server is killed. The new build has an
 * additional event, consumer and migration. Each order must have each of its effects once. The
 * effects of the new consumer must exist for exactly the orders that the new build placed.
 */

let database: TestDatabase
let client: pg.Client
/** The running servers that receive requests. */
let servers: ServerProcess[]

beforeEach(async () => {
  database = await createMigratedDatabase()
  client = await connectClient({ connectionString: database.url, applicationName: 'test' })
  servers = []
})

afterEach(async () => {
  await Promise.all(servers.map((server) => server.stop()))
  await client.end()
  await database.drop()
})

async function start(build: 'old' | 'new'): Promise<ServerProcess> {
  const server = await startServer(new URL('./rolling-deploy-main.ts', import.meta.url), {
    BUILD: build,
    LOG_LEVEL: 'error',
    DATABASE_URL: database.url,
  })
  servers.push(server)
  return server
}

async function stop(server: ServerProcess): Promise<void> {
  servers = servers.filter((other) => other !== server)
  expect(await server.stop()).toBe(0)
}

/** Orders placed by clients that retry until they get a final response. */
class Traffic {
  /** The build that placed each answered order. */
  readonly placed = new Map<string, string>()
  readonly #clients: Promise<void>[]
  #hasEnded = false

  constructor(count: number) {
    this.#clients = Array.from({ length: count }, () => this.#send())
  }

  async #send(): Promise<void> {
    while (!this.#hasEnded) {
      const id = randomUUID()
      this.placed.set(id, await this.#place(id))
    }
  }

  async #place(id: string): Promise<string> {
    const key = randomUUID()
    for (let attempt = 0; ; attempt += 1) {
      const server = servers[attempt % servers.length]!
      const answer = await fetch(`${server.url}/orders`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': key },
        body: JSON.stringify({ id }),
      }).catch(() => undefined)
      const text = await answer?.text().catch(() => undefined)
      if (answer?.status === 201 && text !== undefined) return (JSON.parse(text) as { build: string }).build
      // On a busy machine, a call may reach its deadline.
      if (answer !== undefined && ![201, 409, 503, 504].includes(answer.status)) throw new Error(text)
    }
  }

  /** Waits until `count` more orders have been placed. */
  more(count: number): Promise<unknown> {
    const goal = this.placed.size + count
    return until(() => this.placed.size >= goal, { what: `${goal} orders` })
  }

  async end(): Promise<void> {
    this.#hasEnded = true
    await Promise.all(this.#clients)
  }
}

/** Returns the ids in a table, including duplicates. */
async function idsOf(table: string): Promise<readonly string[]> {
  const { rows } = await client.query<{ id: string }>(`select id from ${table} order by id`)
  return rows.map(({ id }) => id)
}

test('a new event and consumer are deployed, rolled back and deployed again: nothing is lost or duplicated', async () => {
  const first = await start('old')
  const second = await start('old')
  const traffic = new Traffic(4)
  await traffic.more(20)

  // The new build migrates while the old one serves.
  const third = await start('new')
  await traffic.more(20)
  await stop(first)
  await second.killAndRestart()
  await traffic.more(20)
  await stop(second)
  await traffic.more(20)

  // The rollback: messages published for the new build's consumer wait for it.
  const fourth = await start('old')
  await traffic.more(20)
  await stop(third)
  await traffic.more(20)

  await start('new')
  await traffic.more(20)
  await stop(fourth)
  await traffic.end()

  const { placed } = traffic
  const all = [...placed.keys()].toSorted()
  const billed = all.filter((id) => placed.get(id) === 'new')
  expect(billed.length).toBeGreaterThan(0)
  expect(billed.length).toBeLessThan(all.length)
  const expected = { orders: all, mailed: all, counted: all, invoiced: billed }
  for (const [table, ids] of Object.entries(expected)) {
    await until(async () => (await idsOf(table)).length >= ids.length, {
      what: `${ids.length} rows of ${table}`,
    })
    expect(await idsOf(table), table).toEqual(ids)
  }
  const { rows } = await client.query<{ name: string }>(
    `select name from holdfast.migrations where name in ('9001-expand', '0002-invoices') order by name`,
  )
  expect(rows.map(({ name }) => name)).toEqual(['0002-invoices', '9001-expand'])
})
