import { anyone, event, holdfast } from 'holdfast'
import { postgres } from 'holdfast/postgres'
import { createFakeClock, createTestService, type TestService, until } from 'holdfast/testing'
import pg from 'pg'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { StatementSender } from '../../storage/postgres/session/statement-sender.ts'
import { DriverGroup } from '../../storage/postgres/wire/driver-group.ts'
import { createLogger } from '../../kernel/base/log.ts'

// The cost of an idle fleet for the database, in statements. The test controls the clock, so the
// result does not depend on the speed of the machine. Heartbeats are not counted: a thread of each
// process sends one every 5 s, by its own clock.

const { consumer, job, mutation, service } = holdfast({ database: postgres() })
const Heard = event('heard', { payload: z.object({}) })
const Undispatched = event('undispatched', { payload: z.object({}) })
const consumers = Array.from({ length: 20 }, (_, n) =>
  consumer({ name: `c${n}`, event: Heard, run: () => {} }),
)
const own = job({ name: 'own', input: z.object({}), run: () => {} })
const unrelated = job({ name: 'unrelated', input: z.object({}), run: () => {} })
const operations = {
  enqueue: mutation({
    route: 'POST /jobs',
    access: anyone('a test'),
    input: z.object({ isOwn: z.boolean() }),
    run: async ({ input, jobs }) => void (await jobs.enqueue(input.isOwn ? own : unrelated, {})),
  }),
  publish: mutation({
    route: 'POST /messages',
    access: anyone('a test'),
    run: async ({ publish }) => void (await publish(Undispatched, 'key', {})),
  }),
}
const name = 'quiet-fleet'
const api = service({ name, operations, jobs: [own, unrelated] })
const workers = service({ name, operations: {}, jobs: [own], consumers })
// The workers of this service run jobs with the same names.
const another = service({ name: 'another', operations: {}, jobs: [own, unrelated] })

const fleet = [workers, workers, workers, workers, another]

const clock = createFakeClock()
// Pools send their statements with `StatementSender.send`; wakers and all other parts use the
// driver's `query`.
const byPools = vi.spyOn(StatementSender.prototype, 'send')
const byOthers = vi.spyOn(pg.Client.prototype, 'query')
const ends: (() => Promise<unknown>)[] = []
let on: TestService<typeof operations>

beforeAll(async () => {
  on = await createTestService(api, { worker: false, clock })
  ends.push(() => on.stop())
  const log = createLogger({ level: 'error', write: (line) => console.error(line) })
  const env = { DATABASE_URL: on.databaseUrl }
  for (const one of fleet) {
    const running = await one.start({ env, mode: 'test', clock, log, notify: () => {} })
    const worker = await running.startWorker()
    ends.push(
      () => running.stop(),
      () => worker!.stop(1_000),
    )
  }
  await until(async () => (await on.sql(listening)).length >= fleet.length)
  await pass(1)
})
afterAll(async () => {
  // The clock must advance for the stopping processes' delays to end.
  const ticking = setInterval(() => clock.advance(100), 5)
  for (const end of ends.splice(0).toReversed()) await end()
  clearInterval(ticking)
  vi.restoreAllMocks()
})

const listening = `
  select from pg_stat_activity
  where datname = current_database() and application_name like 'holdfast wake %'`
const many = 40

/**
 * Returns the names of the statements sent while `act` runs, and the texts of the statements
 * without a name.
 */
async function statementsOf(act: () => Promise<void>): Promise<readonly string[]> {
  byPools.mockClear()
  byOthers.mockClear()
  await act()
  const others = byOthers.mock.calls.filter(([query]) => !((query as unknown) instanceof DriverGroup))
  return [...byPools.mock.calls, ...others].map(([query]) => {
    if (typeof query === 'string') return query
    const { name, text } = query as unknown as pg.QueryConfig
    return name ?? text
  })
}

/** Advances the clock, and waits for the work of each timer before the next timer fires. */
async function pass(seconds: number): Promise<void> {
  for (let n = 0; n < seconds * 4; n += 1) {
    clock.advance(250)
    for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setTimeout(resolve, 1))
  }
}

async function enqueueUnrelated(): Promise<void> {
  for (let n = 0; n < many; n += 1) {
    await on.call.enqueue({ isOwn: false })
    // Lets the next notification be sent.
    clock.advance(10)
  }
}

async function publishUndispatched(): Promise<void> {
  for (let n = 0; n < many; n += 1) {
    await on.call.publish({})
    clock.advance(10)
  }
}

/** Resolves when every process has received the earlier notifications, which arrive in order. */
async function heard(): Promise<void> {
  await on.call.enqueue({ isOwn: true })
  await until(async () => {
    clock.advance(10)
    return (
      (await on.sql(`select from holdfast.jobs where name = 'own' and state <> 'succeeded'`)).length === 0
    )
  })
}

test('an idle process costs at most two statements a second, regardless of its consumers', async () => {
  const seconds = 60
  const { length } = await statementsOf(() => pass(seconds))
  // Each process has polled for jobs and for messages.
  expect(length).toBeGreaterThan(fleet.length * seconds * (1 / 5 + 1 / 5))
  expect(length / seconds / fleet.length).toBeLessThanOrEqual(2)
})

// Statements that a process sends when it is woken. They are not from polls: a process polls every
// 5 s, and less than a second passes here.
const reactions = /holdfast_(claim_jobs|promote_due|lock_gate|find_gated|release_claims|lock_consumers)/

test('jobs without a worker wake no process', async () => {
  const statements = await statementsOf(async () => {
    await enqueueUnrelated()
    await heard()
  })
  expect(statements.filter((name) => name.startsWith('holdfast_insert_ready_job'))).toHaveLength(many + 1)
  // The last job wakes each worker once.
  expect(statements.filter((name) => reactions.test(name)).length).toBeLessThan(many / 2)
})

test('messages without a reader wake only the leader', async () => {
  const statements = await statementsOf(async () => {
    await publishUndispatched()
    await heard()
  })
  expect(statements.filter((name) => name.startsWith('holdfast_insert_messages'))).toHaveLength(many)
  expect(statements.filter((name) => reactions.test(name)).length).toBeLessThan(many / 2)
  const dispatches = statements.filter((name) => name.startsWith('holdfast_lock_dispatch'))
  expect(dispatches.length).toBeLessThanOrEqual(many + fleet.length)
})

test('a job and a message whose notifications were lost are found by the next poll', async () => {
  await on.sql(`
    insert into holdfast.jobs (id, service, name, input, state)
    values (gen_random_uuid(), '${name}', 'own', '{}', 'ready')`)
  await on.sql(`
    insert into holdfast.messages (id, service, event, key, payload)
    values (gen_random_uuid(), '${name}', 'undispatched', 'key', '{}')`)
  // Longer than the polling interval of 5 s with its jitter.
  await pass(6)
  await until(async () => (await on.sql(`select from holdfast.jobs where name = 'own'`)).length === 0)
  await until(async () => (await on.sql('select from holdfast.messages where position is null')).length === 0)
})
