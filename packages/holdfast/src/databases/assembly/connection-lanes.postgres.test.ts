import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Answer, anyone, event, holdfast, schedule } from 'holdfast'
import { postgres, sql } from 'holdfast/postgres'
import { createTestService, type TestService, until } from 'holdfast/testing'
import { createMigratedDatabase } from '../../testing/template.ts'
import { webhooks } from 'holdfast/webhooks'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { createHealth } from '../../transports/health/create-health.ts'
import { DriverClient } from '../../storage/postgres/session/driver-client.ts'

const Happened = event('happened', { payload: z.object({ n: z.int() }) })
const hooks = webhooks({ events: [Happened], ownerOf: () => 'owner', allowedHosts: ['127.0.0.1'] })
const server = createServer((_request, response) => void response.writeHead(204).end())
beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)))
afterAll(() => void server.close())

/** The key of a lock that the test holds while the service's sessions wait for it. */
const lock = 4_711
const input = z.object({})

/** Creates a service with every kind of work that uses connections. */
function createLoaded(connections?: Parameters<typeof postgres>[0]) {
  const { consumer, job, mutation, query, service } = holdfast({ database: postgres(connections) })
  const meet = sql`select pg_advisory_xact_lock_shared(${lock})`
  const work = job({ name: 'work', input, run: async ({ db }) => void (await db.query(meet)) })
  const operations = {
    read: query({
      route: 'GET /read',
      access: anyone('a test'),
      deadline: '30s',
      run: async ({ db }) => void (await db.query(meet)),
    }),
    plain: query({
      route: 'GET /plain',
      access: anyone('a test'),
      run: async ({ db }) => void (await db.query(sql`select 1`)),
    }),
    write: mutation({
      route: 'POST /write',
      access: anyone('a test'),
      deadline: '30s',
      run: async ({ db }) => void (await db.query(meet)),
    }),
    enqueue: mutation({
      route: 'POST /jobs',
      access: anyone('a test'),
      run: async ({ jobs, publish }) => {
        await jobs.enqueueMany(
          work,
          Array.from({ length: 20 }, () => ({})),
        )
        for (let n = 0; n < 20; n += 1) await publish(Happened, String(n), { n })
      },
    }),
    addEndpoint: mutation({
      route: 'POST /endpoints',
      access: anyone('a test'),
      run: async ({ transaction }) => {
        const { port } = server.address() as AddressInfo
        await hooks.addEndpoint(transaction, { owner: 'owner', url: `http://127.0.0.1:${port}/` })
      },
    }),
  }
  return service({
    name: 'loaded',
    operations,
    jobs: [work],
    consumers: [
      consumer({ name: 'first', event: Happened, run: async ({ db }) => void (await db.query(meet)) }),
    ],
    schedules: [schedule({ name: 'often', cron: '* * * * *', job: work, input: {} })],
    capabilities: [hooks],
  })
}

type Loaded = TestService<ReturnType<typeof createLoaded>['operations']>

function codeOf({ body }: Answer): unknown {
  return body === undefined || body === null ? undefined : (JSON.parse(body) as { code?: string }).code
}

/** Holds the lock in another session while `during` runs. */
async function whileLocked<T>(on: Loaded, during: () => Promise<T>): Promise<T> {
  const client = new DriverClient({ connectionString: on.databaseUrl, application_name: 'the holder' })
  await client.connect()
  try {
    await client.query('select pg_advisory_lock($1)', [lock])
    return await during()
  } finally {
    await client.end()
  }
}

/**
 * Returns the number of the service's sessions, and, for each lane, the number of sessions waiting
 * for the lock.
 */
async function sessions(on: Loaded): Promise<{ all: number; waiting: Record<string, number> }> {
  const rows = await on.sql<{ name: string; all: number; waiting: number }>(`
    select application_name as name, count(*)::int as all,
      (count(*) filter (where wait_event_type = 'Lock'))::int as waiting
    from pg_stat_activity
    where datname = current_database() and application_name like 'holdfast%'
    group by 1`)
  return {
    all: rows.reduce((sum, { all }) => sum + all, 0),
    waiting: Object.fromEntries(
      rows.map(({ name, waiting }) => [name.replace(/ [-0-9a-f]{36}$/, ''), waiting]),
    ),
  }
}

describe('connection lanes', () => {
  test('a process with every kind of work uses at most 12 connections under load', async () => {
    await using on = await createTestService(createLoaded(), {
      http: { pages: createHealth('/problems/').pages },
      onLog: () => {},
    })
    await on.send('addEndpoint', {})
    let most = 0
    const calls: Promise<unknown>[] = []
    await whileLocked(on, async () => {
      await on.send('enqueue', {})
      for (let n = 0; n < 30; n += 1) calls.push(on.send('read', {}), on.send('write', {}))
      calls.push(on.fetch('/health/ready'))
      await until(async () => {
        most = Math.max(most, (await sessions(on)).all)
        // The process opens all connections, except those reserved for idle lanes.
        return most >= 10
      })
    })
    await until(async () => {
      most = Math.max(most, (await sessions(on)).all)
      const rows = await on.sql(
        `select from holdfast.jobs where name <> 'often' and state in ('ready', 'running') limit 1`,
      )
      return rows.length === 0
    })
    await Promise.all(calls)
    expect(most).toBeLessThanOrEqual(12)
  })

  test('jobs and mutations continue while reads use their max number of connections', async () => {
    await using on = await createTestService(createLoaded(), { onLog: () => {} })
    const pending: Promise<Answer>[] = []
    await whileLocked(on, async () => {
      for (let n = 0; n < 30; n += 1) pending.push(on.send('read', {}))
      await until(async () => ((await sessions(on)).waiting['holdfast (read)'] ?? 0) >= 1)
      expect((await on.send('enqueue', {})).status).toBe(204)
      // The jobs have begun: their bookkeeping and their transactions have connections.
      await until(async () => ((await sessions(on)).waiting['holdfast job'] ?? 0) >= 1)
    })
    await Promise.all(pending)
  })

  test('a process answers calls while its jobs hang', async () => {
    await using on = await createTestService(createLoaded(), { onLog: () => {} })
    await whileLocked(on, async () => {
      await on.send('enqueue', {})
      await until(async () => ((await sessions(on)).waiting['holdfast job'] ?? 0) >= 2)
      expect((await on.send('plain', {})).status).toBe(204)
      expect((await on.send('addEndpoint', {})).status).toBe(204)
    })
  })
})

test('a call that finds the queue full is rejected at once with Retry-After', async () => {
  const small = createLoaded({ connections: { reads: 1, queue: 2 } })
  await using on = await createTestService(small, { worker: false })
  const others: Promise<Answer>[] = []
  await whileLocked(on, async () => {
    others.push(on.send('read', {}))
    await until(async () => (await sessions(on)).waiting['holdfast (read)'] === 1)
    others.push(on.send('plain', {}), on.send('plain', {}))
    const refused = await on.send('plain', {})
    expect([refused.status, codeOf(refused), refused.headers['retry-after']]).toEqual([
      503,
      'database-busy',
      '1',
    ])
    // Mutations have a separate queue.
    expect((await on.send('addEndpoint', {})).status).toBe(204)
  })
  for (const answer of await Promise.all(others)) expect(codeOf(answer)).not.toBe('database-busy')
})

test.each([
  [4, 'needs at least 5'],
  [{ max: 0 }, 'connections.max of the database is 0'],
  [{ queue: 1.5 }, 'connections.queue of the database is 1.5'],
])('a service does not start with connections: %j', async (connections, message) => {
  const database = await createMigratedDatabase()
  const starting = createTestService(createLoaded({ connections, url: database.url }), { worker: false })
  await expect(starting).rejects.toMatchObject({
    code: 'configuration-invalid',
    message: expect.stringContaining(message),
  })
  await database.drop()
})
