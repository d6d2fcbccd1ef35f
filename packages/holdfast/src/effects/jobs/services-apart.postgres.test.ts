import { anyone, createLogger, holdfast, schedule, type Service, systemClock } from 'holdfast'
import { listJobs, pauseJobs, redriveJobs, resumeJobs } from 'holdfast/jobs'
import { postgres } from 'holdfast/postgres'
import { type TestDatabase, until } from 'holdfast/testing'
import { createMigratedDatabase } from '../../testing/template.ts'
import type pg from 'pg'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { openDriverPool } from '../../storage/postgres/session/driver-client.ts'

// Tests that two services on one database can use the same names for everything.

let database: TestDatabase
let pool: pg.Pool
beforeAll(async () => {
  database = await createMigratedDatabase()
  pool = openDriverPool({ connectionString: database.url, max: 2 })
  pool.on('error', () => {})
})
afterAll(async () => {
  await pool.end()
  await database.drop()
})

const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
  await pool.query('truncate holdfast.jobs, holdfast.ended_jobs, holdfast.job_limits, holdfast.job_pauses')
})

const ran: string[] = []

interface Process {
  readonly name: string
  readonly enqueue: (options?: { readonly unique?: string }) => Promise<{ readonly isNew: boolean }>
  readonly work: () => Promise<{ stop(limitMs: number): Promise<unknown> }>
}

/** Starts a process of a service. */
async function startProcess(name: string): Promise<Process> {
  const { job, mutation, service } = holdfast({ database: postgres() })
  const work = job({
    name: 'work',
    input: z.object({}),
    concurrency: { limit: 1 },
    run: () => void ran.push(name),
  })
  let unique: string | undefined
  const enqueue = mutation({
    route: 'POST /work',
    access: anyone('a test'),
    idempotency: { optional: 'a test calls once' },
    output: z.object({ isNew: z.boolean() }),
    async run({ jobs }) {
      const { isNew } = await jobs.enqueue(work, {}, unique === undefined ? {} : { unique })
      return { isNew }
    },
  })
  const yearly = schedule({ name: 'yearly', cron: '0 0 1 1 *', job: work, input: {} })
  const defined: Service = service({ name, operations: { enqueue }, jobs: [work], schedules: [yearly] })
  const running = await defined.start({
    env: { DATABASE_URL: database.url },
    mode: 'test',
    clock: systemClock,
    notify: () => {},
    log: createLogger({ level: 'error', write: () => {} }),
  })
  ends.push(() => running.stop())
  return {
    name,
    async enqueue(options = {}) {
      unique = options.unique
      const answer = await running.call({
        operation: 'enqueue',
        input: { path: {}, query: {}, body: undefined },
        header: () => undefined,
      })
      return JSON.parse(String(answer.body)) as { isNew: boolean }
    },
    async work() {
      const worker = await running.startWorker()
      ends.push(() => worker!.stop(1_000))
      return worker!
    },
  }
}

async function statesOf(service: string): Promise<readonly string[]> {
  return (await listJobs(pool, { service })).map(({ state }) => state)
}

test('a service does not run, limit or delay the jobs of another service', async () => {
  ran.length = 0
  const [one, other] = [await startProcess('one'), await startProcess('other')]
  expect(await one.enqueue({ unique: 'k' })).toEqual({ isNew: true })
  expect(await other.enqueue({ unique: 'k' })).toEqual({ isNew: true })
  expect(await other.enqueue({ unique: 'k' })).toEqual({ isNew: false })
  // The other service holds a slot, and has a job that was running when its worker died.
  await pool.query(
    `insert into holdfast.job_limits (service, name, kind, key, slots) values ('other', 'work', 'concurrency', '', 1)`,
  )
  const orphan = `insert into holdfast.jobs (service, id, name, input, state, claim, worker)
    values ('other', gen_random_uuid(), 'work', '{}', 'running', 1, gen_random_uuid())`
  await pool.query(orphan)
  await one.work()
  await until(async () => (await statesOf('one'))[0] === 'succeeded')
  await one.enqueue()
  await until(() => ran.length === 2)
  expect(ran).toEqual(['one', 'one'])
  expect([...(await statesOf('other'))].sort()).toEqual(['limited', 'running'])
  const { rows } = await pool.query('select service, name from holdfast.job_schedules order by service')
  expect(rows).toEqual([{ service: 'one', name: 'yearly' }])
})

test('an API process and a worker process with one name are one service', async () => {
  ran.length = 0
  const [api, worker] = [await startProcess('one'), await startProcess('one')]
  await worker.work()
  await api.enqueue()
  await until(() => ran.length === 1)
  expect(ran).toEqual(['one'])
})

test('a command with a job name requires the service if several services declare the name', async () => {
  const [one] = [await startProcess('one'), await startProcess('other')]
  await expect(pauseJobs(pool, 'work')).rejects.toMatchObject({
    code: 'job-service-ambiguous',
    message: expect.stringContaining('one, other') as string,
  })
  await expect(redriveJobs(pool, 'work')).rejects.toMatchObject({ code: 'job-service-ambiguous' })
  await pauseJobs(pool, 'work', { service: 'other' })
  ran.length = 0
  await one.work()
  await one.enqueue()
  await until(() => ran.length === 1)
  expect(await resumeJobs(pool, 'work', { service: 'one' })).toBe(false)
  expect(await resumeJobs(pool, 'work', { service: 'other' })).toBe(true)
})
