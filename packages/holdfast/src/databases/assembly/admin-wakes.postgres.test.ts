import { anyone, event, holdfast, relay } from 'holdfast'
import { cancelJob, pauseJobs, redriveJobs, resumeJobs, retryJob, skipJob } from 'holdfast/jobs'
import { moveSubscription, redriveDeadMessages, republish } from 'holdfast/messages'
import { postgres } from 'holdfast/postgres'
import { createFakeClock, createTestService, type TestService, until } from 'holdfast/testing'
import { replayWebhookDelivery } from 'holdfast/webhooks'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { archive } from '../../effects/jobs/queries/archive.ts'
import { openDriverPool } from '../../storage/postgres/session/driver-client.ts'

// Commands of an administrator reach a running service immediately. The service's clock has
// stopped, so the service never polls: it acts only on notifications.

const Counted = event('thing.counted', { payload: z.int() })
const { job, mutation, service } = holdfast({ database: postgres() })

const sent: number[] = []
const handled: number[] = []
let fails = false
const out = relay({
  name: 'out',
  events: [Counted],
  to: {
    name: 'memory',
    connect: async () => ({
      async send(messages) {
        sent.push(...messages.map(({ payload }) => Number(payload)))
      },
      close: async () => {},
    }),
  },
})
const reader = {
  name: 'reader',
  subscribers: [
    {
      name: 'reader',
      events: [Counted],
      async handle(messages: readonly { readonly payload: unknown }[]) {
        if (fails) throw new Error('It fails.')
        handled.push(...messages.map(({ payload }) => Number(payload)))
      },
    },
  ],
}
const runs: number[] = []
const input = z.int()
const run = ({ input: n }: { input: number }): void => void runs.push(n)
const plain = job({ name: 'plain', input, run })
const one = job({ name: 'one', input, concurrency: { limit: 1 }, run })
const deliver = job({
  name: 'webhook-delivery',
  input: z.object({ delivery: z.string() }).loose(),
  concurrency: { limit: 1, key: ({ delivery }) => delivery },
  run: () => void runs.push(0),
})
const publish = mutation({
  route: 'POST /counts',
  access: anyone('a test'),
  input: z.object({ n: z.int() }),
  run: async (context) => void (await context.publish(Counted, 'a', context.input.n)),
})
const tested = service({
  name: 'admin-wakes',
  operations: { publish },
  jobs: [plain, one, deliver],
  relays: [out],
  capabilities: [reader],
})

const clock = createFakeClock()
let on: TestService<typeof tested.operations>
let pool: ReturnType<typeof openDriverPool>
beforeAll(async () => {
  on = await createTestService(tested, { clock, onLog: () => {} })
  pool = openDriverPool({ connectionString: on.databaseUrl, max: 2 })
  pool.on('error', () => {})
  await on.call.publish({ n: 1 })
  await until(async () => {
    clock.advance(100)
    const isListening = (await on.sql(listening)).length === 1
    return isListening && sent.length === 1 && handled.length === 1
  })
  // Waits until no poll is running: a running poll could find a command's change without a wake.
  await until(async () => (await on.sql(busy)).length === 0)
})
afterAll(async () => {
  // The service's timers fire only while the clock advances.
  const ticking = setInterval(() => clock.advance(100), 5)
  await pool.end()
  await on.stop()
  clearInterval(ticking)
})
afterEach(() => {
  runs.length = 0
})

const listening = `
  select from pg_stat_activity
  where datname = current_database() and application_name like 'holdfast wake %' and query <> ''`

const busy = `
  select from pg_stat_activity
  where datname = current_database() and pid <> pg_backend_pid() and state <> 'idle'`

/** Waits for a condition while the service's clock is stopped. */
function atOnce(condition: () => boolean | Promise<boolean>): Promise<unknown> {
  return until(() => {
    // Runs the timers that are already due.
    clock.advance(0)
    return condition()
  })
}

interface InsertedJob {
  readonly name: 'plain' | 'one'
  readonly n: number
  readonly hasSlot?: boolean
}

/** Inserts a job that no poll would find within an hour, and returns its id. */
async function insertJob(
  state: 'scheduled' | 'blocked' | 'dead',
  { name, n, hasSlot = false }: InsertedJob,
): Promise<string> {
  const [row] = await on.sql<{ id: string }>(
    `insert into holdfast.jobs (service, id, name, input, state, limit_key, has_slot, run_at)
     values ('admin-wakes', gen_random_uuid(), $1, $2, $3, $4, $5, now() + interval '1 hour')
     returning id`,
    [name, String(n), state === 'dead' ? 'scheduled' : state, name === 'one' ? '' : null, hasSlot],
  )
  if (state === 'dead') await on.sql(die, [row!.id])
  return row!.id
}

const die = `
  with gone as (
    delete from holdfast.jobs where id = $1 returning jobs.*
  ), ${archive({ state: "'dead'", retentionMs: '86400000', hasSlot: 'has_slot' })}
  select`

test('a relay that is moved back sends again', async () => {
  sent.length = 0
  await moveSubscription(pool, { kind: 'relay', name: 'out' }, { position: 0n })
  await atOnce(() => sent.length === 1)
})

test('a subscriber that is moved back reads again', async () => {
  handled.length = 0
  await moveSubscription(pool, { kind: 'subscriber', name: 'reader' }, { since: new Date(0) })
  await atOnce(() => handled.length === 1)
})

test('a dead letter that is redriven is handled', async () => {
  handled.length = 0
  fails = true
  await on.call.publish({ n: 2 })
  await atOnce(async () => (await on.sql('select from holdfast.dead_messages')).length === 1)
  fails = false
  await redriveDeadMessages(pool, 'reader')
  await atOnce(() => handled.length === 1)
  expect(handled).toEqual([2])
})

test('a message that is published again is dispatched', async () => {
  sent.length = 0
  const [message] = await on.sql<{ id: string }>('select id from holdfast.messages order by id limit 1')
  await republish(pool, [message!.id])
  await atOnce(() => sent.length === 1)
  expect(sent).toEqual([1])
})

test('jobs that are retried or redriven run', async () => {
  await retryJob(pool, await insertJob('scheduled', { name: 'plain', n: 1 }))
  await atOnce(() => runs.length === 1)
  await insertJob('dead', { name: 'plain', n: 2 })
  await redriveJobs(pool, 'plain')
  await atOnce(() => runs.length === 2)
  await insertJob('dead', { name: 'one', n: 3 })
  await redriveJobs(pool, 'one')
  await atOnce(() => runs.length === 3)
  expect(runs).toEqual([1, 2, 3])
})

test('jobs whose name is resumed run', async () => {
  await pauseJobs(pool, 'plain')
  const id = await insertJob('scheduled', { name: 'plain', n: 1 })
  await retryJob(pool, id)
  await resumeJobs(pool, 'plain')
  await atOnce(() => runs.length === 1)
})

test.each([
  ['cancelled', cancelJob, 'scheduled'],
  ['skipped', skipJob, 'dead'],
] as const)('a job runs when the job that held its slot is %s', async (_, end, state) => {
  const id = await insertJob(state, { name: 'one', n: 1, hasSlot: true })
  await on.sql(
    `insert into holdfast.job_limits (service, name, kind, key, slots) values ('admin-wakes', 'one', 'concurrency', '', 1)
     on conflict (service, name, kind, key) do update set slots = 1`,
  )
  await insertJob('blocked', { name: 'one', n: 2 })
  await end(pool, id)
  await atOnce(() => runs.length === 1)
  expect(runs).toEqual([2])
})

test('a webhook delivery that is replayed is sent', async () => {
  const [delivery] = await on.sql<{ id: string }>(`
    with endpoint as (
      insert into holdfast.webhook_endpoints (id, service, owner, url, description)
      values (gen_random_uuid(), 'admin-wakes', 'ann', 'https://a.test', '') returning id
    ), message as (
      insert into holdfast.webhook_messages (id, service, event, body)
      values (gen_random_uuid(), 'admin-wakes', 'thing.counted', '{}') returning id
    )
    insert into holdfast.webhook_deliveries (id, endpoint_id, message_id, state)
    select gen_random_uuid(), endpoint.id, message.id, 'failed' from endpoint, message
    returning id`)
  await replayWebhookDelivery(pool, delivery!.id)
  await atOnce(() => runs.length === 1)
})
