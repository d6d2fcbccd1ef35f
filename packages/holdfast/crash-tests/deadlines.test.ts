import { Agent, request } from 'node:http'
import { type TestDatabase, until } from 'holdfast/testing'
import { createMigratedDatabase } from '../src/testing/template.ts'
import type pg from 'pg'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type ServerProcess, startServer } from './server-process.ts'
import { DriverClient } from '../src/storage/postgres/session/driver-client.ts'

/*
 * Goal: no work continues after its caller has disconnected or its deadline has passed.
 *
 * Method: the operations of a server process sleep in Postgres. Their calls end for different
 * reasons: deadlines of clients, a stopped process (SIGSTOP), a full pool, and clients that
 * disconnect at random moments. `pg_stat_activity` then shows if a statement still runs, and the
 * size of the heap shows if memory is retained.
 */

/** `CLIENT_ABORTS=10000 npm test deadlines` makes more clients disconnect. */
const aborts = Number(process.env['CLIENT_ABORTS'] ?? 400)
const poolSize = 10

let database: TestDatabase
let looking: pg.Client
let server: ServerProcess

beforeEach(async () => {
  database = await createMigratedDatabase()
  looking = new DriverClient({ connectionString: database.url })
  await looking.connect()
  server = await startServer(new URL('./deadlines-main.ts', import.meta.url), {
    DATABASE_URL: database.url,
    LOG_LEVEL: 'error',
    NODE_OPTIONS: `${process.env['NODE_OPTIONS'] ?? ''} --expose-gc`,
  })
})

afterEach(async () => {
  await server.stop()
  await looking.end()
  await database.drop()
})

async function countSleeping(): Promise<number> {
  const { rows } = await looking.query<{ count: number }>(
    `select count(*)::int from pg_stat_activity
     where datname = current_database() and state = 'active' and query like '%pg_sleep%' and pid <> pg_backend_pid()`,
  )
  return rows[0]!.count
}

type SlowCall = readonly [kind: string, init: RequestInit, path: string]

const calls: readonly SlowCall[] = [
  ['a query', { method: 'GET' }, '/sleep?seconds=600'],
  [
    'a mutation',
    { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"seconds":600}' },
    '/sleep',
  ],
]

function callWithin(timeout: string, [, init, path]: SlowCall): Promise<Response> {
  const headers = new Headers(init.headers)
  headers.set('request-timeout', timeout)
  return fetch(server.url + path, { ...init, headers })
}

test.each(calls)('a deadline of 200 ms set by the client ends the statement of %s', async (...call) => {
  const beganMs = performance.now()
  const answer = await callWithin('200ms', call)
  const answeredMs = performance.now() - beganMs
  await until(async () => (await countSleeping()) === 0, { every: '5ms' })
  const cancelledMs = performance.now() - beganMs
  console.info(
    `a deadline of 200 ms: answered after ${answeredMs.toFixed()} ms, cancelled after ${cancelledMs.toFixed()} ms`,
  )
  expect(answer.status).toBe(504)
})

test.each(calls)(
  'if the process is stopped, Postgres ends the statement of %s at its deadline',
  async (...call) => {
    const answer = callWithin('4s', call)
    await until(async () => (await countSleeping()) === 1)
    server.pause()
    const beganMs = performance.now()
    await until(async () => (await countSleeping()) === 0)
    const endedMs = performance.now() - beganMs
    server.resume()
    console.info(`a deadline of 4 s in a stopped process: ended after ${endedMs.toFixed()} ms`)
    expect((await answer).status).toBe(504)
  },
)

test('200 slow queries on a pool of 10: excess queries are rejected, and calls without the database still succeed', async () => {
  const statuses: number[] = []
  const clients = new AbortController()
  const slow = Array.from({ length: 200 }, async () => {
    const { status } = await fetch(`${server.url}/sleep?seconds=600`, { signal: clients.signal })
    statuses.push(status)
  })
  const ended = Promise.allSettled(slow)
  await until(async () => (await countSleeping()) === poolSize)
  while (statuses.length < 200 - poolSize) {
    const answer = await fetch(`${server.url}/answer`)
    expect(answer.status).toBe(200)
  }
  expect(statuses).toEqual(statuses.map(() => 503))
  expect(await countSleeping()).toBe(poolSize)
  clients.abort()
  await ended
})

test(`${aborts} clients that disconnect: no statement continues, and no connection or memory leaks`, async () => {
  const agent = new Agent({ maxSockets: 50 })
  /** Sends a slow statement, and disconnects at some point. */
  const abort = (): Promise<void> =>
    new Promise((resolve) => {
      const asked = request(`${server.url}/sleep?seconds=20`, { agent })
      asked.on('error', () => {})
      asked.on('close', () => resolve())
      asked.end()
      setTimeout(() => asked.destroy(), Math.random() * 60)
    })
  const abortMany = async (count: number): Promise<void> => {
    let left = count
    const one = async (): Promise<void> => {
      while (left > 0) {
        left -= 1
        await abort()
      }
    }
    await Promise.all(Array.from({ length: 30 }, one))
    await until(async () => (await countSleeping()) === 0)
  }
  const heapBytes = async (): Promise<number> => {
    const answer = await fetch(`${server.url}/memory`)
    return ((await answer.json()) as { readonly heapBytes: number }).heapBytes
  }

  await abortMany(aborts / 2)
  const before = await heapBytes()
  await abortMany(aborts)
  const after = await heapBytes()
  console.info(`${aborts} aborts: ${before} bytes of heap before, ${after} after`)
  expect(after).toBeLessThan(before * 1.1)
  // All connections must be available again.
  const sleeping = Array.from(
    { length: poolSize },
    async () => (await fetch(`${server.url}/sleep?seconds=3`)).status,
  )
  await until(async () => (await countSleeping()) === poolSize)
  expect(await Promise.all(sleeping)).toEqual(sleeping.map(() => 204))
  const { rows } = await looking.query<{ count: number }>(
    `select count(*)::int from pg_stat_activity where datname = current_database() and application_name = 'holdfast (read)'`,
  )
  expect(rows[0]!.count).toBeLessThanOrEqual(poolSize)
  agent.destroy()
}, 600_000)
