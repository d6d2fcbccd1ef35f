import { anyone, GiveUp, holdfast, type Job, type UniqueJob } from 'holdfast'
import { postgres } from 'holdfast/postgres'
import { createTestService, type TestService, until } from 'holdfast/testing'
import type pg from 'pg'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { cancelJob } from './cancel-job.ts'
import { listJobs, type ListJobsOptions } from './list-jobs.ts'
import { listPauses, pauseJobs, resumeJobs } from './pause-jobs.ts'
import { redriveJobs } from './redrive-jobs.ts'
import { retryJob } from './retry-job.ts'
import { showJob } from './show-job.ts'
import type { JobState } from '../states.ts'
import { openDriverPool } from '../../../storage/postgres/session/driver-client.ts'

const { job, mutation, service } = holdfast({ database: postgres() })

const input = z.object({ name: z.string() })
/** Names of jobs that fail permanently. */
const hopeless = new Set<string>()
const runs: string[] = []
const run = async ({ input: { name } }: { input: { name: string } }): Promise<void> => {
  runs.push(name)
  if (hopeless.has(name)) throw new GiveUp(`There is no ${name}.`)
}
const plain = job({ name: 'plain', input, run })
const other = job({ name: 'other', input, run })
const alone = job({ name: 'alone', input, concurrency: { limit: 1 }, run })
const slow = job({ name: 'slow', input, rate: { limit: 1, per: '1h' }, run })
const endless = job({
  name: 'endless',
  input,
  run: ({ signal }) =>
    new Promise<void>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
})
const stepping = job({
  name: 'stepping',
  input,
  async run({ step }) {
    await step('first', async () => ({ token: 'a' }))
    await step.sleep('pause', '1h')
  },
})
const jobs = { plain, other, alone, slow, endless, stepping }

const untilEnded = (key: string): UniqueJob => ({ key, until: 'ended' })

interface Enqueuing {
  readonly job: keyof typeof jobs
  readonly name: string
  readonly unique?: UniqueJob
  readonly delay?: '1h'
}
let wanted: readonly Enqueuing[] = []
const enqueueAll = mutation({
  route: 'POST /jobs',
  access: anyone('a test'),
  output: z.object({ ids: z.array(z.string()).max(10) }),
  async run({ jobs: enqueuing }) {
    const ids: string[] = []
    for (const { job: kind, name, ...options } of wanted)
      ids.push((await enqueuing.enqueue(jobs[kind] as Job<{ name: string }>, { name }, options)).id)
    return { ids }
  },
})
const tested = service({ name: 'job-admin-test', operations: { enqueueAll }, jobs: Object.values(jobs) })

let on: TestService<typeof tested.operations>
let pool: pg.Pool
let worker: { stop(limitMs: number): Promise<unknown> } | undefined
beforeEach(async () => {
  on = await createTestService(tested, { worker: false, onLog: () => {} })
  pool = openDriverPool({ connectionString: on.databaseUrl, max: 2 })
  // Dropping the database terminates idle connections, which the tests no longer need.
  pool.on('error', () => {})
})
afterEach(async () => {
  await stopWorker()
  await pool.end()
  await on.stop()
  hopeless.clear()
  runs.length = 0
})

async function startWorker(): Promise<void> {
  worker = await on.running.startWorker()
}

async function stopWorker(): Promise<void> {
  await worker?.stop(1_000)
  worker = undefined
}

async function enqueue(...all: readonly Enqueuing[]): Promise<string[]> {
  wanted = all
  return (await on.call.enqueueAll({})).ids
}

async function inState(id: string, state: JobState): Promise<void> {
  await until(async () => (await showJob(pool, id)).state === state, { what: `${id} is ${state}` })
}

/**
 * Enqueues jobs that fail permanently, and returns their ids once they are dead. Afterwards, no
 * worker is running.
 */
async function died(...all: readonly Enqueuing[]): Promise<string[]> {
  for (const { name } of all) hopeless.add(name)
  const ids: string[] = []
  await startWorker()
  // The jobs are enqueued one by one, since two jobs with the same unique key cannot be pending at
  // the same time.
  for (const one of all) {
    const [id] = await enqueue(one)
    await inState(id!, 'dead')
    ids.push(id!)
  }
  await stopWorker()
  hopeless.clear()
  runs.length = 0
  return ids
}

const slots = async (): Promise<number> =>
  (await on.sql<{ slots: number }>(`select slots from holdfast.job_limits where name = 'alone'`))[0]!.slots

describe('lists of jobs', () => {
  test('a list shows the newest jobs first, by name and state, in pages', async () => {
    const ids = await enqueue(
      { job: 'plain', name: 'a' },
      { job: 'other', name: 'b' },
      { job: 'plain', name: 'c', delay: '1h' },
    )
    // The order of jobs within a millisecond is undefined.
    const last = ids.toSorted().toReversed()
    const listed = async (options?: ListJobsOptions): Promise<string[]> =>
      (await listJobs(pool, options)).map(({ id }) => id)
    expect(await listed()).toEqual(last)
    expect(await listed({ name: 'plain' })).toEqual(last.filter((id) => id !== ids[1]))
    expect(await listed({ states: ['ready', 'dead'] })).toEqual(last.filter((id) => id !== ids[2]))
    expect(await listed({ limit: 2 })).toEqual(last.slice(0, 2))
    expect(await listed({ after: last[1]! })).toEqual(last.slice(2))
  })

  test.each([{ limit: 0 }, { limit: 1_001 }, { limit: 1.5 }])(
    'a list is rejected for %j',
    async (options) => {
      await expect(listJobs(pool, options)).rejects.toMatchObject({ code: 'job-list-invalid' })
    },
  )
})

describe('a single job', () => {
  test('a job is shown with its failure', async () => {
    const [id] = await died({ job: 'plain', name: 'order' })
    expect(await showJob(pool, id!)).toMatchObject({
      id,
      name: 'plain',
      state: 'dead',
      input: { name: 'order' },
      claims: 1,
      failures: 1,
      failure: { name: 'GiveUp', message: 'There is no order.', attempt: 1 },
      isCancelled: false,
      worker: null,
      steps: [],
      expiresAt: expect.any(Date),
    })
  })

  test('a job is shown with its steps', async () => {
    const [id] = await enqueue({ job: 'stepping', name: 'a' })
    await startWorker()
    await until(async () => (await showJob(pool, id!)).steps.length === 2)
    expect((await showJob(pool, id!)).steps).toEqual([
      {
        name: 'first',
        isDone: true,
        result: { token: 'a' },
        wakesAt: null,
        awaits: null,
        createdAt: expect.any(Date),
      },
      expect.objectContaining({ name: 'pause', isDone: false, wakesAt: expect.any(Date) }),
    ])
  })

  test('a job is shown with the message that it waits for, and without a time if the wait has no timeout', async () => {
    const [id] = await enqueue({ job: 'plain', name: 'a' })
    await on.sql(`update holdfast.jobs set state = 'waiting', run_at = 'infinity' where id = $1`, [id])
    await on.sql(`insert into holdfast.job_steps (job_id, name, is_done) values ($1, 'answer', false)`, [id])
    await on.sql(
      `insert into holdfast.job_waits (job_id, step, publisher, event, key)
       values ($1, 'answer', 'job-admin-test', 'order.paid', '7')`,
      [id],
    )
    expect(await showJob(pool, id!)).toMatchObject({
      runAt: null,
      steps: [{ name: 'answer', result: null, awaits: { event: 'order.paid', key: '7' } }],
    })
  })

  test('a job is shown with the process that runs it', async () => {
    const [id] = await enqueue({ job: 'endless', name: 'a' })
    await startWorker()
    await inState(id!, 'running')
    expect((await showJob(pool, id!)).worker).toMatchObject({
      pid: process.pid,
      lastSeenAt: expect.any(Date),
    })
  })

  const absent = '0197f0a0-0000-7000-8000-000000000001'
  test.each([showJob, retryJob, cancelJob])(
    'an unknown or invalid job id is rejected: %o',
    async (administer) => {
      await expect(administer(pool, absent)).rejects.toMatchObject({ code: 'job-unknown' })
      await expect(administer(pool, '0197')).rejects.toMatchObject({ code: 'job-id-invalid' })
    },
  )
})

describe('retries', () => {
  test('a retry runs a dead job once more, and keeps its failures', async () => {
    const [id] = await died({ job: 'plain', name: 'a' })
    expect(await retryJob(pool, id!)).toEqual({
      id,
      service: 'job-admin-test',
      name: 'plain',
      state: 'ready',
    })
    expect(await showJob(pool, id!)).toMatchObject({ failures: 1, finishedAt: null, expiresAt: null })
    await startWorker()
    await inState(id!, 'succeeded')
  })

  test('a retry runs a scheduled job now', async () => {
    const [id] = await enqueue({ job: 'plain', name: 'later', delay: '1h' })
    await startWorker()
    await retryJob(pool, id!)
    await inState(id!, 'succeeded')
    expect(runs).toEqual(['later'])
  })

  test('a retried job with limits waits for admission, and takes a slot again', async () => {
    const [id] = await died({ job: 'alone', name: 'a' })
    expect(await slots()).toBe(0)
    expect(await retryJob(pool, id!)).toMatchObject({ state: 'limited' })
    await startWorker()
    await inState(id!, 'succeeded')
    expect(await slots()).toBe(0)
  })

  test('a retry does not overtake other jobs', async () => {
    await enqueue({ job: 'slow', name: 'now' }, { job: 'slow', name: 'in an hour' })
    await startWorker()
    const late = await until(async () => (await listJobs(pool, { states: ['scheduled'] }))[0])
    await expect(retryJob(pool, late.id)).rejects.toMatchObject({
      code: 'job-not-retriable',
      message: expect.stringContaining('scheduled by its rate limit'),
    })
  })

  test('a retried job with a requested cancellation does not run again', async () => {
    const [id] = await died({ job: 'plain', name: 'a' })
    await on.sql('update holdfast.jobs set is_cancelled = true where id = $1', [id])
    await retryJob(pool, id!)
    expect(await showJob(pool, id!)).toMatchObject({ isCancelled: false })
  })

  test('a retry does not change any other job', async () => {
    const [id] = await enqueue({ job: 'plain', name: 'a' })
    await expect(retryJob(pool, id!)).rejects.toMatchObject({ code: 'job-not-retriable' })
    await startWorker()
    await inState(id!, 'succeeded')
    await expect(retryJob(pool, id!)).rejects.toMatchObject({
      code: 'job-not-retriable',
      message: expect.stringContaining('is succeeded'),
    })
    await inState(id!, 'succeeded')
  })

  test('a retry is rejected while another job has the unique key', async () => {
    const [id] = await died({ job: 'plain', name: 'a', unique: untilEnded('k') })
    await enqueue({ job: 'plain', name: 'b', unique: untilEnded('k') })
    await expect(retryJob(pool, id!)).rejects.toMatchObject({ code: 'job-unique-taken' })
    await inState(id!, 'dead')
  })
})

describe('redrives', () => {
  test('a redrive runs the dead jobs of a name again, oldest first', async () => {
    const ids = await died(
      { job: 'plain', name: 'a' },
      { job: 'other', name: 'b' },
      { job: 'plain', name: 'c' },
      { job: 'plain', name: 'd' },
    )
    expect(await redriveJobs(pool, 'plain', { limit: 2 })).toEqual({
      service: 'job-admin-test',
      name: 'plain',
      ids: [ids[0], ids[2]],
      left: 1,
    })
    expect(await showJob(pool, ids[0]!)).toMatchObject({ state: 'ready', failures: 0, finishedAt: null })
    await startWorker()
    await inState(ids[2]!, 'succeeded')
    expect((await listJobs(pool, { states: ['dead'] })).map(({ id }) => id)).toEqual([ids[3], ids[1]])
    expect(await redriveJobs(pool, 'absent')).toMatchObject({ name: 'absent', ids: [], left: 0 })
  })

  test('a redrive runs only the newest job of a unique key', async () => {
    const ids = await died(
      { job: 'plain', name: 'a', unique: untilEnded('k') },
      { job: 'plain', name: 'b', unique: untilEnded('k') },
      { job: 'plain', name: 'c', unique: untilEnded('l') },
    )
    await enqueue({ job: 'plain', name: 'd', unique: untilEnded('l') })
    expect(await redriveJobs(pool, 'plain')).toMatchObject({ ids: [ids[1]], left: 2 })
  })

  test.each([0, 10_001, 0.5])('a redrive is rejected with the limit %d', async (limit) => {
    await expect(redriveJobs(pool, 'plain', { limit })).rejects.toMatchObject({ code: 'job-list-invalid' })
  })
})

describe('cancellations', () => {
  test('a cancellation ends a waiting job, and passes its slot on to the next job', async () => {
    const [first, second] = await enqueue({ job: 'alone', name: 'a' }, { job: 'alone', name: 'b' })
    await pauseJobs(pool, 'alone')
    await startWorker()
    await inState(second!, 'blocked')
    expect(await cancelJob(pool, first!)).toEqual({
      id: first,
      service: 'job-admin-test',
      name: 'alone',
      isRunning: false,
    })
    expect(await showJob(pool, first!)).toMatchObject({ state: 'cancelled', finishedAt: expect.any(Date) })
    expect(await showJob(pool, second!)).toMatchObject({ state: 'ready', hasSlot: true })
    expect(await slots()).toBe(1)
    await cancelJob(pool, second!)
    expect(await slots()).toBe(0)
  })

  test('a cancellation aborts a running job', async () => {
    const [id] = await enqueue({ job: 'endless', name: 'a' })
    await startWorker()
    await inState(id!, 'running')
    expect(await cancelJob(pool, id!)).toMatchObject({ isRunning: true })
    await inState(id!, 'cancelled')
  })

  test('a cancellation of an ended job is rejected', async () => {
    const [id] = await died({ job: 'plain', name: 'a' })
    await expect(cancelJob(pool, id!)).rejects.toMatchObject({
      code: 'job-ended',
      message: expect.stringContaining('it is dead'),
    })
  })

  test('a cancellation commits with the transaction of its client', async () => {
    const [id] = await enqueue({ job: 'plain', name: 'a' })
    const client = await pool.connect()
    await client.query('begin')
    await cancelJob(client, id!)
    await client.query('rollback')
    expect(await showJob(client, id!)).toMatchObject({ state: 'ready' })
    await cancelJob(client, id!)
    client.release()
    expect(await showJob(pool, id!)).toMatchObject({ state: 'cancelled' })
  })

  test('a failed cancellation leaves its connection unchanged', async () => {
    const single = openDriverPool({ connectionString: on.databaseUrl, max: 1 })
    single.on('error', () => {})
    const [id] = await enqueue({ job: 'alone', name: 'a' })
    await on.sql(`update holdfast.jobs set state = 'ready', has_slot = true where id = $1`, [id])
    await on.sql('alter table holdfast.job_limits rename to away')
    await expect(cancelJob(single, id!)).rejects.toMatchObject({ code: '42P01' })
    await on.sql('alter table holdfast.away rename to job_limits')
    expect(await showJob(single, id!)).toMatchObject({ state: 'ready', hasSlot: true })
    await single.end()
  })
})

test('jobs of a paused name are not started until it is resumed', async () => {
  await pauseJobs(pool, 'plain')
  const [paused] = await enqueue({ job: 'plain', name: 'paused' }, { job: 'other', name: 'other' })
  await startWorker()
  await until(() => runs.includes('other'))
  expect(await showJob(pool, paused!)).toMatchObject({ state: 'ready', claims: 0 })
  const [pause] = await listPauses(pool)
  expect(pause).toEqual({ service: 'job-admin-test', name: 'plain', pausedAt: expect.any(Date), jobs: 1 })
  expect(await pauseJobs(pool, 'plain')).toEqual(pause)
  expect(await resumeJobs(pool, 'plain')).toBe(true)
  expect(await resumeJobs(pool, 'plain')).toBe(false)
  await inState(paused!, 'succeeded')
  expect(await listPauses(pool)).toEqual([])
})
