import { until } from 'holdfast/testing'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import type { Subscriber } from '../../kernel/background/background.ts'
import { event } from '../../kernel/background/event.ts'
import { createJob } from '../../kernel/background/job.ts'
import type { MessagePump } from './message-pump.ts'
import { listDeadMessages, redriveDeadMessages, skipDeadMessages } from './messages-admin.ts'
import { createTestMessages, type TestMessages, testService } from './messages.fixture.ts'

const Counted = event('thing.counted', { payload: z.int() })
const work = createJob({ name: 'work', input: z.int(), run: () => {} }, 'here')

let store: TestMessages
const running: MessagePump[] = []
beforeAll(async () => {
  store = await createTestMessages()
  await store.client.query(
    'create table heard (seq bigint generated always as identity, id uuid, payload int)',
  )
})
afterAll(() => store[Symbol.asyncDispose]())
beforeEach(() =>
  store.client.query(
    'truncate heard, holdfast.messages, holdfast.subscriptions, holdfast.dead_messages, holdfast.jobs, holdfast.ended_jobs cascade',
  ),
)
afterEach(() => Promise.all(running.splice(0).map((task) => task.stop())))

async function start(...subscribers: readonly Subscriber[]): Promise<MessagePump> {
  const pump = await store.pump({ subscribers })
  running.push(pump)
  return pump
}

/** A subscriber that records its messages, and enqueues a job for each of them. */
function listener(name = 'listener', before: () => void | Promise<void> = () => {}): Subscriber {
  return {
    name,
    async handle(messages, { transaction, jobs }) {
      for (const { id, payload } of messages)
        await transaction.query('insert into heard (id, payload) values ($1, $2)', [id, payload])
      await jobs.enqueueMany(
        work,
        messages.map(({ payload }) => payload as number),
      )
      await before()
    },
  }
}

async function column<T>(query: string): Promise<T[]> {
  const { rows } = await store.client.query<{ value: T }>(query)
  return rows.map(({ value }) => value)
}
const handled = (): Promise<number[]> => column('select payload as value from heard order by seq')
const jobs = (): Promise<number[]> => column('select input as value from holdfast.all_jobs order by seq')
/** Returns whether every subscription has read every message. */
const allRead = async (): Promise<boolean> =>
  (await allHaveOne()) &&
  (
    await column<boolean>(
      `select bool_and(position = (select max(position) from holdfast.messages)) as value from holdfast.subscriptions`,
    )
  )[0] === true
const allHaveOne = async (): Promise<boolean> =>
  (await column<boolean>('select bool_and(position is not null) as value from holdfast.messages'))[0] === true

const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n)
const keys = (count: number): string[] => upTo(count).map((n) => `k${n % 10}`)

test('several processes dispatch each message once to each subscriber, in order', async () => {
  const readers = ['one', 'two'].map((name) => listener(name))
  for (let n = 0; n < 3; n += 1) await start(...readers)
  for (const part of [150, 150, 150]) {
    await store.publishMany(Counted, keys(part))
    for (const pump of running) pump.published({ service: testService, names: undefined })
  }
  await until(allRead)
  await Promise.all(running.splice(0).map((pump) => pump.stop()))
  expect(await handled()).toHaveLength(2 * 450)
  expect(await jobs()).toHaveLength(2 * 450)
  const byPosition = await column('select id as value from holdfast.messages order by position')
  expect(byPosition).toEqual(await column('select id as value from holdfast.messages order by seq'))
  const [first, second] = [1, 2].map((nth) =>
    column(
      `select id as value from (
         select id, seq, row_number() over (partition by id order by seq) as nth from heard
       ) as heard where nth = ${nth} order by seq`,
    ),
  )
  expect([...(await first!), ...(await second!)]).toHaveLength(900)
})

test('a message arrives with all its fields', async () => {
  const told: unknown[] = []
  const id = await store.publish(Counted, 'a', 7)
  await start({ name: 'listener', handle: async (messages) => void told.push(...messages) })
  await until(allRead)
  expect(told).toEqual([
    {
      id,
      service: 'messages-test',
      event: 'thing.counted',
      key: 'a',
      payload: 7,
      publishedAt: expect.any(Date),
      traceparent: expect.stringMatching(/^00-/),
      subjects: [],
    },
  ])
})

test('a job that a subscriber enqueues belongs to the passed trace, or to no trace', async () => {
  await store.publish(Counted, 'a', 7)
  const said: (string | undefined)[] = []
  await start({
    name: 'listener',
    async handle([message], { jobs: all }) {
      said.push(message!.traceparent)
      await all.enqueue(work, 1, { traceparent: message!.traceparent! })
      await all.enqueue(work, 2)
    },
  })
  await until(allRead)
  expect(await column('select traceparent as value from holdfast.all_jobs order by seq')).toEqual([
    said[0],
    null,
  ])
})

test('a failed message becomes a dead letter, and blocks no other message or subscriber', async () => {
  const poison: Subscriber = {
    name: 'picky',
    async handle(messages, { transaction }) {
      for (const { id, payload } of messages) {
        await transaction.query('insert into heard (id, payload) values ($1, $2)', [
          id,
          1_000 + Number(payload),
        ])
        if (payload === 3) throw new RangeError('not this one')
      }
    },
  }
  await start(listener('calm'), poison)
  await store.publishMany(Counted, keys(10))
  await until(allRead)
  const all = await handled()
  expect(all.filter((n) => n < 1_000)).toEqual(upTo(10))
  expect(all.filter((n) => n >= 1_000)).toEqual(
    upTo(10)
      .filter((n) => n !== 3)
      .map((n) => 1_000 + n),
  )
  const dead = await listDeadMessages(store.client)
  expect(dead).toMatchObject([
    {
      service: 'messages-test',
      subscriber: 'picky',
      event: 'thing.counted',
      failure: { message: 'not this one' },
    },
  ])
})

test('a redriven dead letter is handled again, and a skipped one is deleted', async () => {
  let isFixed = false
  await start({
    name: 'picky',
    async handle(messages, { transaction }) {
      for (const { id, payload } of messages) {
        if (!isFixed && payload === 1) throw new RangeError('not yet')
        await transaction.query('insert into heard (id, payload) values ($1, $2)', [id, payload])
      }
    },
  })
  await store.publishMany(Counted, keys(3))
  await until(allRead)
  expect(await handled()).toEqual([0, 2])
  const [dead] = await listDeadMessages(store.client)
  await redriveDeadMessages(store.client, 'picky', dead!.id)
  await until(async () => (await listDeadMessages(store.client))[0]?.isRedriven === false)
  isFixed = true
  expect(await redriveDeadMessages(store.client, 'picky')).toEqual([dead!.id])
  await until(async () => (await listDeadMessages(store.client)).length === 0)
  expect(await handled()).toEqual([0, 2, 1])
  isFixed = false
  await store.publishMany(Counted, keys(2))
  await until(async () => (await listDeadMessages(store.client)).length === 1)
  expect(await skipDeadMessages(store.client, 'picky')).toHaveLength(1)
  expect(await listDeadMessages(store.client)).toEqual([])
})

test('a dispatcher that loses its session is rolled back, and another dispatcher continues', async () => {
  let kills = 0
  const killed = listener('killed', async () => {
    kills += 1
    if (kills > 1) return
    await store.client.query(
      `select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted and pid <> pg_backend_pid()
       and database = (select oid from pg_database where datname = current_database())`,
    )
  })
  await store.publishMany(Counted, ['a', 'b', 'a'])
  await start(killed)
  await until(allRead)
  expect(kills).toBe(2)
  expect(await handled()).toEqual([0, 1, 2])
  expect(await jobs()).toEqual([0, 1, 2])
})

test('a stop interrupts a waiting subscriber', async () => {
  await store.publish(Counted, 'a', 1)
  let begun = false
  const slow = await start({
    name: 'slow',
    async handle(_, { transaction }) {
      begun = true
      await transaction.query('select pg_sleep(600)')
    },
  })
  await until(() => begun)
  await slow.stop()
  expect(await allRead()).toBe(false)
})
