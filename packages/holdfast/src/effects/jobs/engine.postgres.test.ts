import { anyone, holdfast } from 'holdfast'
import { postgres } from 'holdfast/postgres'
import { createFakeClock, createTestService, until } from 'holdfast/testing'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { DriverClient } from '../../storage/postgres/session/driver-client.ts'

const { job, mutation, service } = holdfast({ database: postgres() })

const alone = job({ name: 'alone', input: z.object({}), concurrency: { limit: 1 }, run: () => {} })
const enqueueSome = mutation({
  route: 'POST /some',
  access: anyone('a test'),
  run: async ({ jobs }) => void (await jobs.enqueueMany(alone, [{}, {}, {}])),
})
const tested = service({ name: 'engine-test', operations: { enqueueSome }, jobs: [alone] })

test('an unused slot is released', async () => {
  await using on = await createTestService(tested)
  await on.call.enqueueSome({})
  await until(async () => {
    const ended = await on.sql(`select from holdfast.all_jobs where state = 'succeeded'`)
    return ended.length === 3
  })
  expect(await on.sql('select slots from holdfast.job_limits')).toEqual([{ slots: 0 }])
})

test('a worker that was declared dead and cannot re-register can be stopped, even twice', async () => {
  const clock = createFakeClock()
  const lines: string[] = []
  await using on = await createTestService(tested, {
    clock,
    worker: false,
    onLog: (line) => lines.push(line),
  })
  const worker = await on.running.startWorker()
  // No worker can register, as if the database had become read-only.
  await on.sql('alter table holdfast.job_workers add constraint rejected check (false) not valid')
  await on.sql('delete from holdfast.job_workers')
  await until(() => {
    clock.advance(1_000)
    return lines.some((line) => line.includes('re-registering the worker failed; will retry'))
  })
  const stops = Promise.all([worker!.stop(0), worker!.stop(0)])
  let isOver = false
  void stops.finally(() => (isOver = true))
  await until(() => {
    clock.advance(1_000)
    return isOver
  })
  expect(await stops).toEqual([[], []])
})

test('limits of unused keys are deleted', async () => {
  await using on = await createTestService(tested, { worker: false })
  await on.sql(`
    insert into holdfast.job_limits (service, name, kind, key, slots, next_at) values
      ('engine-test', 'alone', 'concurrency', 'idle', 0, now() - interval '2 minutes'),
      ('engine-test', 'alone', 'rate', 'idle', 0, now() - interval '2 minutes'),
      ('engine-test', 'alone', 'concurrency', 'taken', 1, now() - interval '2 minutes'),
      ('engine-test', 'alone', 'rate', 'used up', 0, now() + interval '1 hour')`)
  const worker = await on.running.startWorker()
  await until(async () => (await on.sql('select from holdfast.job_limits')).length === 2)
  await worker!.stop(1_000)
  expect(await on.sql('select key from holdfast.job_limits order by key')).toEqual([
    { key: 'taken' },
    { key: 'used up' },
  ])
})

test('a name whose limits fail does not block the limits of other names', async () => {
  const stuck = job({ name: 'a-stuck-one', input: z.object({}), concurrency: { limit: 1 }, run: () => {} })
  const both = service({ name: 'both', operations: { enqueueSome }, jobs: [stuck, alone] })
  const lines: string[] = []
  await using on = await createTestService(both, { worker: false, onLog: (line) => lines.push(line) })
  await on.sql(`alter table holdfast.job_limits add constraint one check (name <> 'a-stuck-one')`)
  await on.sql(`
    insert into holdfast.jobs (service, id, name, input, state, limit_key)
    values ('both', gen_random_uuid(), 'a-stuck-one', '{}', 'limited', '')`)
  await on.call.enqueueSome({})
  await on.running.startWorker()
  await until(
    async () => (await on.sql(`select from holdfast.all_jobs where state = 'succeeded'`)).length === 3,
  )
  expect(lines.some((line) => line.includes('applying job limits failed'))).toBe(true)
})

test('jobs that an earlier version of the program limited run if the current version sets no limit', async () => {
  const free = job({ name: 'free', input: z.object({}), run: () => {} })
  const freed = service({ name: 'freed', operations: {}, jobs: [free] })
  await using on = await createTestService(freed)
  await on.sql(`
    insert into holdfast.jobs (service, id, name, input, state, limit_key, rate_key) values
      ('freed', gen_random_uuid(), 'free', '{}', 'limited', '', null),
      ('freed', gen_random_uuid(), 'free', '{}', 'limited', null, ''),
      ('freed', gen_random_uuid(), 'free', '{}', 'scheduled', 'a', 'a')`)
  await until(
    async () => (await on.sql(`select from holdfast.all_jobs where state = 'succeeded'`)).length === 3,
  )
  expect(await on.sql(`select slots from holdfast.job_limits where kind = 'concurrency'`)).toEqual([
    { slots: 0 },
    { slots: 0 },
  ])
})

test('a worker that is stopped while it claims has claimed nothing', async () => {
  const first = Promise.withResolvers<void>()
  const held = job({ name: 'held', input: z.object({}), run: () => first.promise })
  const enqueueHeld = mutation({
    route: 'POST /held',
    access: anyone('a test'),
    run: async ({ jobs }) => void (await jobs.enqueueMany(held, [{}, {}])),
  })
  const holding = service({ name: 'holding', operations: { enqueueHeld }, jobs: [held] })
  await using on = await createTestService(holding, { worker: false })
  await on.call.enqueueHeld({})
  const states = async (): Promise<unknown[]> =>
    (await on.sql(`select state from holdfast.all_jobs order by seq`)).map(({ state }) => state)
  const worker = await on.running.startWorker({ concurrency: 1 })
  await until(async () => (await states())[0] === 'running')
  const client = new DriverClient({ connectionString: on.databaseUrl })
  await client.connect()
  // Only claims read this table, so they wait for the lock.
  await client.query('begin; lock table holdfast.job_pauses in access exclusive mode')
  first.resolve()
  await until(async () => {
    const waiting = await on.sql(`
      select from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock' and query like '%job_pauses%'`)
    return waiting.length === 1
  })
  const stopped = worker!.stop(0)
  // If the worker did not wait for its claim, it would unregister within this many round trips.
  for (let trips = 0; trips < 200; trips += 1) await client.query('select')
  await client.query('rollback')
  expect(await stopped).toEqual([])
  await client.end()
  expect(await states()).toEqual(['succeeded', 'ready'])
})

test('a job whose row a user has locked does not block other jobs', async () => {
  const lines: string[] = []
  await using on = await createTestService(tested, { worker: false, onLog: (line) => lines.push(line) })
  await on.sql(`
    insert into holdfast.jobs (service, id, name, input, state, limit_key)
    values ('engine-test', gen_random_uuid(), 'alone', '{}', 'limited', '')`)
  const client = new DriverClient({ connectionString: on.databaseUrl })
  await client.connect()
  await client.query('begin; select from holdfast.jobs for update')
  await on.sql(
    `insert into holdfast.jobs (service, id, name, input, state)
     values ('engine-test', gen_random_uuid(), 'alone', '{}', 'ready')`,
  )
  await on.running.startWorker()
  await until(
    async () => (await on.sql(`select from holdfast.all_jobs where state = 'succeeded'`)).length === 1,
  )
  // The claim that waits for the lock times out and is repeated.
  await until(() => lines.some((line) => line.includes('55P03')))
  await client.query('rollback')
  await client.end()
  await until(
    async () => (await on.sql(`select from holdfast.all_jobs where state = 'succeeded'`)).length === 2,
  )
})
