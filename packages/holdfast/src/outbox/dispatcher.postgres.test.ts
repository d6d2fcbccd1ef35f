import { until } from 'holdfast/testing'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import type { Duty } from '../kernel/duty.ts'
import type { Subscriber } from '../kernel/background.ts'
import { event } from '../kernel/event.ts'
import { createJob } from '../kernel/job.ts'
import { startDispatcher } from './dispatcher.ts'
import { createTestOutbox, type TestOutbox } from './outbox.fixture.ts'

const Counted = event('thing.counted', { payload: z.int() })
const work = createJob({ name: 'work', input: z.int(), run: () => {} }, 'here')

let outbox: TestOutbox
const running: Duty[] = []
beforeAll(async () => {
  outbox = await createTestOutbox()
  await outbox.client.query(
    'create table heard (seq bigint generated always as identity, id uuid, payload int)',
  )
})
afterAll(() => outbox[Symbol.asyncDispose]())
beforeEach(() => outbox.client.query('truncate heard, holdfast.messages, holdfast.jobs cascade'))
afterEach(() => Promise.all(running.splice(0).map((duty) => duty.stop())))

function start(...subscribers: readonly Subscriber[]): Duty {
  const duty = startDispatcher({ ...outbox, ...outbox.surroundings, subscribers, onDispatched: () => {} })
  running.push(duty)
  return duty
}

/** Writes down what it hears, and enqueues a job for each. */
function listener(name = 'listener', before: () => void | Promise<void> = () => {}): Subscriber {
  return {
    name,
    async hear(messages, { transaction, jobs }) {
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
  const { rows } = await outbox.client.query<{ value: T }>(query)
  return rows.map(({ value }) => value)
}
const heard = (): Promise<number[]> => column('select payload as value from heard order by seq')
const jobs = (): Promise<number[]> => column('select input as value from holdfast.jobs order by seq')
const allHaveOne = async (): Promise<boolean> =>
  (await column<boolean>('select bool_and(position is not null) as value from holdfast.messages'))[0] === true

const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n)
const keys = (count: number): string[] => upTo(count).map((n) => `k${n % 10}`)

test('several at once have every message heard of once, in their order', async () => {
  const others = start(listener(), listener('another'))
  start(listener(), listener('another'))
  start(listener(), listener('another'))
  const count = 450
  for (const part of [150, 150, 150]) {
    await outbox.publishMany(Counted, keys(part))
    for (const duty of running) duty.now()
  }
  await until(async () => (await heard()).length === 2 * count && (await allHaveOne()))
  others.now()
  await Promise.all(running.splice(0).map((duty) => duty.stop()))
  expect(await heard()).toHaveLength(2 * count)
  expect(await jobs()).toHaveLength(2 * count)
  const byPosition = await column('select id as value from holdfast.messages order by position')
  expect(byPosition).toEqual(await column('select id as value from holdfast.messages order by seq'))
  expect(
    await column(
      'select id as value from (select distinct on (id) id, seq from heard order by id, seq) as f order by seq',
    ),
  ).toEqual(byPosition)
})

test('a message is told with all that belongs to it', async () => {
  const told: unknown[] = []
  const id = await outbox.publish(Counted, 'a', 7)
  start({ name: 'listener', hear: async (messages) => void told.push(...messages) })
  await until(allHaveOne)
  expect(told).toEqual([
    {
      id,
      event: 'thing.counted',
      key: 'a',
      payload: 7,
      publishedAt: expect.any(Date),
      traceparent: expect.stringMatching(/^00-/),
    },
  ])
})

test('what a subscriber enqueues belongs to the trace that it says, and to none otherwise', async () => {
  await outbox.publish(Counted, 'a', 7)
  const said: (string | undefined)[] = []
  start({
    name: 'listener',
    async hear([message], { jobs: all }) {
      said.push(message!.traceparent)
      await all.enqueue(work, 1, { traceparent: message!.traceparent! })
      await all.enqueue(work, 2)
    },
  })
  await until(allHaveOne)
  expect(await column('select traceparent as value from holdfast.jobs order by seq')).toEqual([said[0], null])
})

test('what a subscriber that fails has done is not kept, nor what those before it have, and it is told again', async () => {
  let failures = 0
  const { length } = outbox.lines
  start(
    listener('first'),
    listener('second', () => {
      if ((failures += 1) <= 2) throw new RangeError('not yet')
    }),
  )
  await outbox.publishMany(Counted, ['a', 'b'])
  await until(allHaveOne)
  expect(await heard()).toEqual([0, 1, 0, 1])
  expect(await jobs()).toEqual([0, 1, 0, 1])
  const warnings = outbox.lines.slice(length).filter(({ level }) => level === 'warn')
  expect(warnings).toEqual([
    expect.objectContaining({
      msg: 'messages could not be handed out',
      error: expect.objectContaining({
        code: 'subscriber-failed',
        message: expect.stringContaining('The subscriber "second" failed at the 2 messages'),
        cause: expect.objectContaining({ message: 'not yet' }),
      }),
    }),
  ])
})

test('one whose session is lost in the middle has done nothing, and another one does it', async () => {
  let kills = 0
  const killed = listener('killed', async () => {
    kills += 1
    if (kills > 1) return
    await outbox.client.query(
      `select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted and pid <> pg_backend_pid()
       and database = (select oid from pg_database where datname = current_database())`,
    )
  })
  await outbox.publishMany(Counted, ['a', 'b', 'a'])
  start(killed)
  await until(allHaveOne)
  expect(kills).toBe(2)
  expect(await heard()).toEqual([0, 1, 2])
  expect(await jobs()).toEqual([0, 1, 2])
})

test('stopping it interrupts what a subscriber waits for', async () => {
  await outbox.publish(Counted, 'a', 1)
  let begun = false
  const slow = start({
    name: 'slow',
    async hear(_, { transaction }) {
      begun = true
      await transaction.query('select pg_sleep(30)')
    },
  })
  await until(() => begun)
  const startedMs = performance.now()
  await slow.stop()
  expect(performance.now() - startedMs).toBeLessThan(3_000)
  expect(await allHaveOne()).toBe(false)
})
