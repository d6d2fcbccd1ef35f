import { anyone, createLogger, holdfast, type RunningService, systemClock } from 'holdfast'
import { connectClient, postgres } from 'holdfast/postgres'
import { createTestDatabase, type TestDatabase } from 'holdfast/testing'
import type pg from 'pg'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import { noTelemetry } from '../../kernel/telemetry/telemetry.ts'

let database: TestDatabase
let client: pg.Client
/** Number of observed metrics. Each pool observes some metrics until it ends. */
let observed = 0
beforeEach(async () => {
  database = await createTestDatabase()
  client = await connectClient({ connectionString: database.url, applicationName: 'test' })
})
afterEach(async () => {
  await client.end()
  await database.drop()
})

/** Starts a service with a job. */
function start(connections = 12): Promise<RunningService> {
  const { job, mutation, service } = holdfast({ database: postgres({ url: database.url, connections }) })
  const add = mutation({ route: 'POST /additions', access: anyone('a test'), run: () => {} })
  const plain = job({ name: 'plain', input: z.int(), run: () => {} })
  return service({ name: 'opened', operations: { add }, jobs: [plain] }).start({
    env: {},
    mode: 'production',
    clock: systemClock,
    log: createLogger({ level: 'error', write: () => {} }),
    notify: () => {},
    telemetry: {
      ...noTelemetry,
      upDownCounter() {
        observed += 1
        return () => void (observed -= 1)
      },
    },
  })
}

test('a start that fails when a capability is opened ends its pools', async () => {
  const running = await start()
  expect(observed).toBeGreaterThan(0)
  await running.stop()
  expect(observed).toBe(0)
  await client.query('delete from holdfast.secrets')
  await expect(start()).rejects.toMatchObject({ code: 'secret-missing' })
  expect(observed).toBe(0)
})

test('a worker that fails to start releases its reserved connections', async () => {
  // Reserved connections: one for wakes, two for the framework, one each for reads and writes. The
  // worker needs one for heartbeats and one for jobs.
  const running = await start(7)
  await client.query('alter table holdfast.job_workers rename to away')
  await expect(running.startWorker()).rejects.toMatchObject({ code: '42P01' })
  await client.query('alter table holdfast.away rename to job_workers')
  const worker = await running.startWorker()
  await worker!.stop(0)
  await running.stop()
})

test.each([
  ['retention', { retention: '7 days' }],
  ['pruneEvery', { pruneEvery: '0s' }],
  ['maxReplicaLag', { maxReplicaLag: 'soon' }],
  ['maxConnectionAge', { maxConnectionAge: '1y' }],
  ['connections.wait', { connections: { wait: 'long' } }],
])('an invalid option %s is reported before migrations are applied', async (option, options) => {
  const { service } = holdfast({ database: postgres({ url: database.url, ...(options as object) }) })
  const started = service({ name: 'invalid', operations: {} }).start({
    env: {},
    mode: 'production',
    clock: systemClock,
    log: createLogger({ level: 'error', write: () => {} }),
    notify: () => {},
  })
  await expect(started).rejects.toMatchObject({
    code: 'duration-invalid',
    message: expect.stringContaining(`The option ${option} of the database`),
  })
  const { rows } = await client.query("select 1 from pg_namespace where nspname = 'holdfast'")
  expect(rows).toEqual([])
})
