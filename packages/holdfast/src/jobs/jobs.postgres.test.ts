import { anyone, GiveUp, holdfast, type Job, type JobContext } from 'holdfast'
import { postgres, sql, type SqlDatabase } from 'holdfast/postgres'
import { createTestService, type TestService, until } from 'holdfast/testing'
import { afterEach, expect, test } from 'vitest'
import { z } from 'zod'

const { job, mutation, service } = holdfast({
  database: postgres({ migrations: new URL('../../test/jobs/migrations/', import.meta.url) }),
})

type Context = JobContext<{ name: string }, SqlDatabase>

/** What the jobs of a test do. */
const work = new Map<string, (context: Context) => void | Promise<void>>()
const runs: string[] = []

const note = (db: SqlDatabase, name: string): Promise<unknown> =>
  db.query(sql`insert into effects (name) values (${name})`)

const input = z.object({ name: z.string() })
const run = async (context: Context): Promise<void> => {
  runs.push(context.input.name)
  await work.get(context.input.name)?.(context)
}
const quick = { firstDelay: '1ms', attempts: 3 } as const
const plain = job({ name: 'plain', input, retry: quick, run })
const alone = job({ name: 'alone', input, retry: quick, concurrency: { limit: 1 }, run })
const inOrder = job({ name: 'in-order', input, retry: quick, concurrency: { limit: 1, ordered: true }, run })
const slow = job({ name: 'slow', input, rate: { limit: 10, per: '1s' }, run })
const short = job({ name: 'short', input, deadline: '50ms', retry: { attempts: 1 }, run })
const jobs = { plain, alone, inOrder, slow, short }

/** What a mutation of a test does with its transaction. */
let act: (context: { db: SqlDatabase; jobs: Context['jobs'] }) => Promise<unknown>
const arrange = mutation({
  route: 'POST /arrange',
  access: anyone(),
  output: z.object({ json: z.string() }),
  run: async (context) => ({ json: JSON.stringify((await act(context)) ?? null) }),
})

const tested = service({ name: 'jobs-test', operations: { arrange }, jobs })
type Tested = TestService<typeof tested.operations>

const started: Tested[] = []
afterEach(async () => {
  work.clear()
  runs.length = 0
  for (const one of started.splice(0)) await one.stop()
})

async function start(options: Parameters<typeof createTestService>[1] = {}): Promise<Tested> {
  const one = await createTestService(tested, { onLog: () => {}, ...options })
  started.push(one)
  return one
}

async function transact<T>(on: Tested, what: (context: Parameters<typeof act>[0]) => Promise<T>): Promise<T> {
  act = what
  const { json } = await on.call.arrange({})
  return JSON.parse(json) as T
}

const enqueue = (
  on: Tested,
  what: Job<{ name: string }>,
  name: string,
): Promise<{ id: string; isNew: boolean }> => transact(on, ({ jobs: all }) => all.enqueue(what, { name }))

interface Row {
  readonly state: string
  readonly failures: number
  readonly attempt: number
  readonly failure: { readonly name: string; readonly message: string } | null
  readonly progress: unknown
}

async function find(on: Tested, id: string): Promise<Row> {
  const [row] = await on.sql<Row>('select * from holdfast.jobs where id = $1', [id])
  return row!
}

const inState = (on: Tested, id: string, state: string): Promise<Row> =>
  until(async () => {
    const row = await find(on, id)
    return row.state === state ? row : undefined
  })

const effects = async (on: Tested): Promise<readonly string[]> =>
  (await on.sql<{ name: string }>('select name from effects order by id')).map(({ name }) => name)

test('a job runs once its mutation has committed, and commits with its own effects', async () => {
  const on = await start()
  work.set('a', ({ db }) => note(db, 'a').then(() => {}))
  const { id } = await enqueue(on, plain, 'a')
  await inState(on, id, 'succeeded')
  expect(await effects(on)).toEqual(['a'])
})

test('a mutation that fails has enqueued nothing', async () => {
  const on = await start({ worker: false })
  await expect(
    transact(on, async ({ jobs: all }) => {
      await all.enqueue(plain, { name: 'never' })
      throw new TypeError('broken')
    }),
  ).rejects.toMatchObject({ status: 500 })
  expect(await on.sql('select from holdfast.jobs', [])).toHaveLength(0)
})

test('what was enqueued within a savepoint goes with it', async () => {
  const on = await start({ worker: false })
  await transact(on, async ({ db, jobs: all }) => {
    await all.enqueue(plain, { name: 'kept' })
    await db.query(sql`savepoint part`)
    await all.enqueue(plain, { name: 'undone' })
    await db.query(sql`rollback to savepoint part`)
    await all.enqueueMany(plain, [{ name: 'after' }, { name: 'last' }])
  })
  expect(await on.sql(`select input ->> 'name' as name from holdfast.jobs order by seq`)).toEqual([
    { name: 'kept' },
    { name: 'after' },
    { name: 'last' },
  ])
})

test('a job that throws undoes its effects, is tried again, and dies after its last try', async () => {
  const on = await start()
  work.set('a', async ({ db, attempt }) => {
    await note(db, `try ${attempt}`)
    throw new RangeError(`no ${attempt}`)
  })
  const { id } = await enqueue(on, plain, 'a')
  const row = await inState(on, id, 'dead')
  expect(row).toMatchObject({ failures: 3, failure: { name: 'RangeError', message: 'no 3', attempt: 3 } })
  expect(await effects(on)).toEqual([])
})

test('a job that gives up is not tried again', async () => {
  const on = await start()
  work.set('a', () => {
    throw new GiveUp('no such account')
  })
  const { id } = await enqueue(on, plain, 'a')
  expect(await inState(on, id, 'dead')).toMatchObject({
    failures: 1,
    failure: { message: 'no such account' },
  })
})

test('a try ends at its deadline, and so does its statement', async () => {
  const on = await start()
  work.set('a', ({ db }) => db.query(sql`select pg_sleep(10)`).then(() => {}))
  const { id } = await enqueue(on, short, 'a')
  expect(await inState(on, id, 'dead')).toMatchObject({ failure: { code: 'deadline-exceeded' } })
  await until(async () => {
    const [row] = await on.sql<{ n: string }>(
      `select count(*) as n from pg_stat_activity where application_name like 'holdfast job%' and state <> 'idle'`,
    )
    return row?.n === '0' ? true : undefined
  })
})

test('of jobs of one unique key there is one until it has ended', async () => {
  const on = await start({ worker: false })
  const [first, second] = await transact(on, async ({ jobs: all }) => [
    await all.enqueue(plain, { name: 'a' }, { unique: 'k' }),
    await all.enqueue(plain, { name: 'a' }, { unique: 'k' }),
  ])
  expect(first).toMatchObject({ isNew: true })
  expect(second).toEqual({ id: first!.id, isNew: false })
  await on.sql(`update holdfast.jobs set state = 'succeeded', finished_at = now()`)
  expect(
    await transact(on, ({ jobs: all }) => all.enqueue(plain, { name: 'a' }, { unique: 'k' })),
  ).toMatchObject({ isNew: true })
})

test('jobs of a higher priority run first, others in their order; delayed ones later', async () => {
  const on = await start({ worker: false })
  await transact(on, async ({ jobs: all }) => {
    await all.enqueue(alone, { name: 'first' })
    await all.enqueue(alone, { name: 'second' })
    await all.enqueue(alone, { name: 'urgent' }, { priority: 10 })
    await all.enqueue(alone, { name: 'late' }, { delay: '300ms' })
  })
  const worker = await on.running.startWorker({ concurrency: 5 })
  await until(() => runs.length === 4 || undefined)
  await worker!.stop(1_000)
  expect(runs).toEqual(['urgent', 'first', 'second', 'late'])
})

test('a limit of one holds for all workers together', async () => {
  const on = await start({ worker: false })
  let running = 0
  let most = 0
  const name = 'one at a time'
  work.set(name, async ({ db }) => {
    running += 1
    most = Math.max(most, running)
    await db.query(sql`select pg_sleep(0.002)`)
    running -= 1
  })
  await transact(on, ({ jobs: all }) =>
    all.enqueueMany(
      alone,
      Array.from({ length: 30 }, () => ({ name })),
    ),
  )
  const workers = await Promise.all([1, 2, 3].map(() => on.running.startWorker({ concurrency: 4 })))
  await until(async () => {
    const [row] = await on.sql<{ n: string }>(
      `select count(*) as n from holdfast.jobs where state = 'succeeded'`,
    )
    return row?.n === '30' ? true : undefined
  })
  await Promise.all(workers.map((worker) => worker!.stop(1_000)))
  expect(most).toBe(1)
  expect(await on.sql('select places from holdfast.job_limits')).toEqual([{ places: 0 }])
})

test('ordered jobs keep their order when one of them fails for a while', async () => {
  const on = await start({ worker: false })
  work.set('b', ({ attempt }) => {
    if (attempt < 3) throw new Error('not yet')
  })
  await transact(on, ({ jobs: all }) =>
    all.enqueueMany(
      inOrder,
      ['a', 'b', 'c', 'd'].map((name) => ({ name })),
    ),
  )
  const worker = await on.running.startWorker({ concurrency: 4 })
  await until(() => runs.includes('d') || undefined)
  await worker!.stop(1_000)
  expect(runs).toEqual(['a', 'b', 'b', 'b', 'c', 'd'])
})

test('a rate limit spreads jobs out', async () => {
  const on = await start()
  const began: number[] = []
  work.set('paced', () => void began.push(performance.now()))
  await transact(on, ({ jobs: all }) =>
    all.enqueueMany(
      slow,
      Array.from({ length: 5 }, () => ({ name: 'paced' })),
    ),
  )
  await until(() => began.length === 5 || undefined)
  // Ten a second: the fifth is due 400 ms after the first.
  expect(began[4]! - began[0]!).toBeGreaterThan(350)
})

test('a job that waits is cancelled for good, one that runs through its signal', async () => {
  const on = await start()
  const reasons: unknown[] = []
  work.set(
    'running',
    ({ signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          reasons.push((signal.reason as { code: string }).code)
          reject(signal.reason as Error)
        })
      }),
  )
  const waiting = await transact(on, ({ jobs: all }) => all.enqueue(plain, { name: 'late' }, { delay: '1h' }))
  const { id } = await enqueue(on, plain, 'running')
  await inState(on, id, 'running')
  expect(
    await transact(on, async ({ jobs: all }) => [await all.cancel(waiting.id), await all.cancel(id)]),
  ).toEqual([true, true])
  await inState(on, waiting.id, 'cancelled')
  await inState(on, id, 'cancelled')
  expect(reasons).toEqual(['job-cancelled'])
  expect(await transact(on, ({ jobs: all }) => all.cancel(id))).toBe(false)
})

test('a worker that stops hands back what has not ended, and that is no try', async () => {
  const on = await start({ worker: false })
  let release = (): void => {}
  work.set(
    'long',
    ({ signal }) =>
      new Promise((resolve, reject) => {
        release = resolve
        signal.addEventListener('abort', () => reject(signal.reason as Error))
      }),
  )
  const { id } = await enqueue(on, plain, 'long')
  const worker = await on.running.startWorker()
  await inState(on, id, 'running')
  const stopped = await Promise.all([worker!.stop(20), worker!.stop(20)])
  expect(stopped).toEqual([[id], [id]])
  expect(await worker!.stop(0)).toEqual([id])
  expect(await find(on, id)).toMatchObject({ state: 'ready', failures: 0 })
  const next = await on.running.startWorker()
  await until(() => runs.length === 2 || undefined)
  release()
  await inState(on, id, 'succeeded')
  await next!.stop(1_000)
})

test('progress is kept while a job runs', async () => {
  const on = await start()
  let release = (): void => {}
  work.set('a', ({ progress }) => {
    progress({ done: 1, of: 2 })
    return new Promise((resolve) => (release = resolve))
  })
  const { id } = await enqueue(on, plain, 'a')
  await until(async () => (await find(on, id)).progress ?? undefined)
  expect((await find(on, id)).progress).toEqual({ done: 1, of: 2 })
  release()
  await inState(on, id, 'succeeded')
})
