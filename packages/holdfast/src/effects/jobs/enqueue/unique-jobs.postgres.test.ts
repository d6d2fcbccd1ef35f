import { anyone, holdfast } from 'holdfast'
import { postgres, sql } from 'holdfast/postgres'
import { createTestService, type TestService, until } from 'holdfast/testing'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'

// If an enqueued job is dropped because a job with the same unique key exists, the existing job
// must see the writes of the transaction that enqueued the dropped job.

const { job, mutation, service } = holdfast({ database: postgres() })

const seen: number[] = []
let held: Promise<void> | undefined
const sum = job({
  name: 'sum',
  input: z.object({}),
  async run({ db }) {
    const [row] = await db.query<{ value: number }>(sql`select value from balances`)
    seen.push(row!.value)
    await held
  },
})

let beforeCommit: () => Promise<void> = async () => {}
const add = mutation({
  route: 'POST /additions',
  access: anyone('a test'),
  output: z.object({ id: z.string(), isNew: z.boolean() }),
  async run({ db, jobs }) {
    await db.query(sql`update balances set value = value + 1`)
    const enqueued = await jobs.enqueue(sum, {}, { unique: 'balance' })
    await beforeCommit()
    return enqueued
  },
})
const tested = service({ name: 'unique', operations: { add }, jobs: [sum] })

let on: TestService<typeof tested.operations>
beforeAll(async () => {
  on = await createTestService(tested, { worker: false, statements: 'allow' })
  await on.sql('create table balances as select 0 as value')
})
afterAll(() => on.stop())
beforeEach(async () => {
  seen.length = 0
  held = undefined
  beforeCommit = async () => {}
  await on.sql('update balances set value = 0')
  await on.sql('truncate holdfast.jobs, holdfast.ended_jobs')
})

const countUnfinished = async (): Promise<number> =>
  (await on.sql<{ count: number }>('select count(*)::int as count from holdfast.jobs'))[0]!.count

test('commits during the run of a unique job cause exactly one more run', async () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  held = promise
  await on.call.add({})
  const worker = await on.running.startWorker()
  await until(() => seen.length === 1)
  // The worker has claimed the job once. From now on the jobs are paused, so later calls find a
  // waiting job.
  await on.sql(`insert into holdfast.job_pauses (service, name) values ('unique', 'sum')`)
  const later = [await on.call.add({}), await on.call.add({}), await on.call.add({})]
  expect(later.map(({ isNew }) => isNew)).toEqual([true, false, false])
  expect(await countUnfinished()).toBe(2)
  resolve()
  await on.sql('delete from holdfast.job_pauses')
  await until(async () => (await countUnfinished()) === 0)
  await worker!.stop(1_000)
  expect(seen).toEqual([1, 4])
})

test('a unique job does not start before all transactions that requested it have committed', async () => {
  const first = await on.call.add({})
  const isWaiting = Promise.withResolvers<void>()
  const mayCommit = Promise.withResolvers<void>()
  beforeCommit = () => {
    isWaiting.resolve()
    return mayCommit.promise
  }
  const adding = on.call.add({})
  await isWaiting.promise
  beforeCommit = async () => {}
  // A second job that became ready at the same time has run, so a claim has read both jobs.
  await on.sql(
    `insert into holdfast.jobs (service, id, name, input, state) values ('unique', gen_random_uuid(), 'sum', '{}', 'ready')`,
  )
  const worker = await on.running.startWorker()
  await until(async () => (await on.sql('select from holdfast.ended_jobs')).length > 0)
  expect(await on.sql('select id, state, claim from holdfast.jobs')).toEqual([
    { id: first.id, state: 'ready', claim: 0 },
  ])
  mayCommit.resolve()
  expect(await adding).toEqual({ id: first.id, isNew: false })
  await until(async () => (await countUnfinished()) === 0)
  await worker!.stop(1_000)
  expect(seen).toEqual([1, 2])
})
