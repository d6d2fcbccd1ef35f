import { type Step, systemClock } from 'holdfast'
import { until } from 'holdfast/testing'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import { type Consumer, type ConsumerContext, createConsumer } from '../../kernel/background/consumer.ts'
import type { EventType } from '../../kernel/background/event.ts'
import { event } from '../../kernel/background/event.ts'
import { noopExternalCallWatch } from '../../kernel/host/external-calls.ts'
import { noTelemetry } from '../../kernel/telemetry/telemetry.ts'
import { startEngine } from '../jobs/engine.ts'
import { createPool } from '../../storage/postgres/pool/pool.ts'
import { createWaker } from '../wakes/waker.ts'
import { consumerJob } from './consumer-job.ts'
import { createTestMessages, type TestMessages, testService } from './messages.fixture.ts'

const Counted = event('thing.counted', { payload: z.int() })
const Dated = event('thing.dated', {
  payload: z.object({ on: z.coerce.date(), note: z.string().default('none') }),
})

let store: TestMessages
const ends: (() => Promise<unknown>)[] = []
beforeAll(async () => {
  store = await createTestMessages()
  await store.client.query(
    'create table effects (seq bigint generated always as identity, key text, payload int)',
  )
})
afterAll(() => store[Symbol.asyncDispose]())
beforeEach(() =>
  store.client.query(
    'truncate effects, holdfast.inbox, holdfast.messages, holdfast.subscriptions, holdfast.jobs, holdfast.ended_jobs, holdfast.job_limits',
  ),
)
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
})

type Context = ConsumerContext<number, undefined>
const quick = { initialDelay: '1ms', attempts: 3 } as const

function countConsumer(run: (context: Context) => void | Promise<void>, name = 'count'): Consumer {
  return createConsumer({ name, event: Counted, retry: quick, run }, 'here')
}

async function note({ transaction, message: { key, payload } }: Context): Promise<void> {
  await transaction.query('insert into effects (key, payload) values ($1, $2)', [key, payload])
}

/** Starts to dispatch messages and to run consumers. */
async function start(...consumers: readonly Consumer[]): Promise<void> {
  const { clock, log } = store.host
  const waker = createWaker({ service: testService, connectionString: store.url, clock, log })
  store.wakes.to = waker
  const engine = await startEngine({
    service: testService,
    jobs: new Map(
      consumers.map((consumer) => [`consumer:${consumer.name}`, consumerJob(consumer, testService)]),
    ),
    schedules: [],
    settings: undefined,
    concurrency: 5,
    openPool: (applicationName, max) =>
      createPool({ connectionString: store.url, applicationName, max, log }),
    heartbeatTarget: { connectionString: store.url, isPooled: false },
    bind: store.bind,
    waker,
    clock: systemClock,
    log,
    telemetry: noTelemetry,
    externalCalls: noopExternalCallWatch,
  })
  const pump = await store.pump({ consumers })
  ends.push(
    () => waker.close(),
    () => engine.stop(1_000),
    () => pump.stop(),
  )
}

async function effects(): Promise<[string, number][]> {
  const { rows } = await store.client.query<{ key: string; payload: number }>(
    'select * from effects order by seq',
  )
  return rows.map(({ key, payload }) => [key, payload])
}

async function states(): Promise<Record<string, number>> {
  const { rows } = await store.client.query<{ state: string; count: number }>(
    'select state, count(*)::integer as count from holdfast.all_jobs group by state',
  )
  return Object.fromEntries(rows.map(({ state, count }) => [state, count]))
}

/** Dispatches all messages again, with the same ids. */
const repeat = (): Promise<unknown> => store.client.query('update holdfast.messages set position = null')

test('each message has its effect once, and messages of a key in order, even after failed attempts', async () => {
  const failed = new Set<number>()
  await start(
    countConsumer(async (context) => {
      await note(context)
      const { payload } = context.message
      if (payload % 5 !== 0 || failed.has(payload)) return
      failed.add(payload)
      throw new RangeError('once')
    }),
  )
  const keys = Array.from({ length: 30 }, (_, n) => `k${n % 3}`)
  await store.publishMany(Counted, keys)
  await until(async () => (await states())['succeeded'] === 30)
  expect(failed.size).toBe(6)
  const all = await effects()
  for (const key of ['k0', 'k1', 'k2']) {
    const expected = keys.flatMap((one, n) => (one === key ? [n] : []))
    expect(all.filter(([one]) => one === key).map(([, payload]) => payload)).toEqual(expected)
  }
})

test('a message that is dispatched again has no second effect, for each consumer', async () => {
  await start(countConsumer(note, 'one'), countConsumer(note, 'two'))
  await store.publish(Counted, 'a', 1)
  await until(async () => (await states())['succeeded'] === 2)
  await repeat()
  await until(async () => (await states())['succeeded'] === 4)
  expect(await effects()).toEqual([
    ['a', 1],
    ['a', 1],
  ])
})

test('a consumer gets the message with the payload as parsed by the schema', async () => {
  const given: unknown[] = []
  await start(
    createConsumer(
      { name: 'dated', event: Dated, run: ({ message, attempt }) => void given.push(message, attempt) },
      'here',
    ),
  )
  const id = await store.publish(Dated, 'a', { on: '2026-01-01' })
  await until(() => given.length > 0)
  expect(given).toEqual([
    {
      id,
      event: 'thing.dated',
      key: 'a',
      payload: { on: new Date('2026-01-01'), note: 'none' },
      publishedAt: expect.any(Date),
    },
    1,
  ])
})

test('a consumer handles messages of its event only', async () => {
  await start(countConsumer(note))
  await store.publish(Dated, 'a', { on: '2026-01-01' })
  await store.publish(Counted, 'a', 1)
  await until(async () => (await effects()).length === 1)
  expect(await states()).toEqual({ succeeded: 1 })
})

async function failureOf(consumer: Consumer): Promise<{ message: string; code?: string }> {
  await start(consumer)
  await store.publish(Counted, 'a', 1)
  return until(async () => {
    const { rows } = await store.client.query<{ failure: { message: string } | null }>(
      `select failure from holdfast.all_jobs where state = 'dead'`,
    )
    return rows[0]?.failure
  })
}

test('a message whose payload no longer matches its event is reported, and not consumed', async () => {
  const Outdated = event('thing.counted', { payload: z.string() }) as EventType<never, string>
  const consumer = createConsumer(
    { name: 'outdated', event: Outdated, retry: quick, run: () => {} },
    'here.ts:1',
  )
  const failure = await failureOf(consumer)
  expect(failure.message).toMatch(
    /^The consumer "outdated" \(here\.ts:1\) received the message .* "thing\.counted"/,
  )
  expect((await store.client.query('select from holdfast.inbox')).rowCount).toBe(0)
})

test('a consumer that uses a step is rejected', async () => {
  const failure = await failureOf(
    // The types omit `step`; JavaScript code can still access it.
    countConsumer(async (context) => {
      await (context as never as { step: Step<unknown> }).step('one', () => 1)
    }),
  )
  expect(failure.message).toMatch(/The consumer "count" .* used step\(\), .* Enqueue a job/)
})
