import { randomUUID } from 'node:crypto'
import { type TestDatabase, until } from 'holdfast/testing'
import { createMigratedDatabase } from '../../testing/template.ts'
import type pg from 'pg'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type ServerProcess, startServer } from '../../../crash-tests/server-process.ts'
import { redisTool, startRedis } from '../../../test/redis-server.ts'
import type { TestServer } from '../../../test/test-server.ts'
import { DriverClient } from '../../storage/postgres/session/driver-client.ts'

const { missing } = await redisTool()

describe.skipIf(missing)('jobs that BullMQ runs', () => {
  let redis: TestServer
  let database: TestDatabase
  let looking: pg.Client
  let servers: ServerProcess[] = []

  const start = (): Promise<ServerProcess> =>
    startServer(new URL('./bullmq-jobs-main.fixture.ts', import.meta.url), {
      DATABASE_URL: database.url,
      REDIS_PORT: String(redis.port),
      WORKER_CONCURRENCY: '4',
    })

  beforeEach(async () => {
    redis = await startRedis()
    database = await createMigratedDatabase()
    looking = new DriverClient({ connectionString: database.url })
    await looking.connect()
    // The first server applies the migrations.
    servers = [await start()]
    servers.push(await start())
  })

  afterEach(async () => {
    await Promise.all(servers.map((server) => server.stop()))
    servers = []
    await looking.end()
    await database.drop()
    await redis.stop()
  })

  async function enqueue(count: number, ms: number): Promise<void> {
    const response = await fetch(`${servers[0]!.url}/jobs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': `"${randomUUID()}"` },
      body: JSON.stringify({ count, ms }),
    })
    expect(response.status).toBe(204)
  }

  async function numberOf(text: string): Promise<number> {
    const { rows } = await looking.query<{ count: number }>(text)
    return rows[0]!.count
  }

  const succeeded = (count: number): Promise<unknown> =>
    until(
      async () =>
        (await numberOf(`select count(*)::int as count from holdfast.all_jobs where state = 'succeeded'`)) ===
        count,
      { what: `${count} jobs that have succeeded` },
    )

  /** Returns the number of jobs that are in the middle of a transaction. */
  const inTransaction = (): Promise<number> =>
    numberOf(
      `select count(*)::int as count from pg_stat_activity
       where datname = current_database() and application_name = 'holdfast job (bullmq)' and state = 'idle in transaction'`,
    )

  const effectsPerJob = (): Promise<readonly number[]> =>
    looking
      .query<{ effects: number }>(
        `select distinct count(effects.name)::int as effects
         from holdfast.all_jobs as jobs left join effects on effects.name like jobs.id || ' %' group by jobs.id`,
      )
      .then(({ rows }) => rows.map(({ effects }) => effects))

  test('kill -9 of a BullMQ worker in mid-job: other workers rescue its jobs, and each job takes effect once', async () => {
    await enqueue(60, 400)
    await until(async () => (await inTransaction()) === 8, { what: 'jobs that run on both workers' })
    await servers[1]!.killAndRestart()
    await succeeded(60)
    expect(await effectsPerJob()).toEqual([1])
    const takenOver = await numberOf(`select count(*)::int as count from effects where name not like '% 1'`)
    expect(takenOver).toBeGreaterThan(0)
  })

  test('a BullMQ worker that was stopped until its lock expired commits nothing', async () => {
    await servers.pop()!.stop()
    const { rows } = await looking.query<{ pid: number }>('select pid from holdfast.job_workers')
    expect(rows).toHaveLength(1)
    await enqueue(1, 1_000)
    await until(async () => (await inTransaction()) === 1, { what: 'a job that runs' })
    process.kill(rows[0]!.pid, 'SIGSTOP')
    try {
      servers.push(await start())
      await succeeded(1)
    } finally {
      process.kill(rows[0]!.pid, 'SIGCONT')
    }
    await until(() => servers[0]!.output().includes('nothing of this attempt is kept'), {
      what: 'a worker that notices that it has lost its job',
    })
    expect(await effectsPerJob()).toEqual([1])
  })

  test('kill -9 of Redis in mid-job: each job takes effect once, and enqueuing continues', async () => {
    await enqueue(60, 100)
    await until(async () => (await inTransaction()) > 0, { what: 'jobs that run' })
    await redis.kill()
    await enqueue(40, 10)
    await until(async () => servers.every((server) => server.output().includes('handing over jobs')), {
      what: 'workers that report that Redis is away',
    })
    await redis.restart()
    await succeeded(100)
    expect(await effectsPerJob()).toEqual([1])
  })

  test('a process stops normally while Redis is unreachable, and the next one continues', async () => {
    await enqueue(20, 100)
    await until(async () => (await inTransaction()) > 0, { what: 'jobs that run' })
    await redis.kill()
    expect(await Promise.all(servers.map((server) => server.stop()))).toEqual([0, 0])
    await redis.restart()
    servers = [await start()]
    await succeeded(20)
    expect(await effectsPerJob()).toEqual([1])
  })
})
