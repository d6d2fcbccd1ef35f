import type pg from 'pg'
import { until } from 'holdfast/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { event } from '../../kernel/background/event.ts'
import { startDispatcher } from './dispatcher.ts'
import { createTestMessages, type TestMessages, testService } from './messages.fixture.ts'
import { listMessages, type ListMessagesOptions, republish } from './messages-admin.ts'
import { listSubscriptions, moveSubscription, removeSubscription } from './subscriptions-admin.ts'
import { openDriverPool } from '../../storage/postgres/session/driver-client.ts'

const Counted = event('thing.counted', { payload: z.int() })
const Other = event('thing.other', { payload: z.int() })

let store: TestMessages
let pool: pg.Pool
beforeAll(async () => {
  store = await createTestMessages()
  pool = openDriverPool({ connectionString: store.url, max: 1 })
  pool.on('error', () => {})
})
afterAll(async () => {
  await pool.end()
  await store[Symbol.asyncDispose]()
})
beforeEach(() =>
  store.client.query(
    'truncate holdfast.messages, holdfast.subscriptions; alter sequence holdfast.message_positions restart',
  ),
)

async function dispatched(): Promise<void> {
  const dispatcher = startDispatcher({
    ...store,
    ...store.host,
    resolveWaits: () => [],
    onDispatched: () => {},
  })
  await until(async () => (await listMessages(pool, { isNew: true })).length === 0)
  await dispatcher.stop()
}
const keys = (count: number): string[] => Array.from({ length: count }, (_, n) => `k${n % 3}`)
const relayAt = (position: number, name = 'out', service = testService): Promise<unknown> =>
  store.client.query(
    `insert into holdfast.subscriptions (service, kind, name, publisher, position)
     values ($1, 'relay', $2, $1, $3)`,
    [service, name, position],
  )
const positions = async (): Promise<Record<string, unknown>> =>
  Object.fromEntries((await listSubscriptions(pool)).map(({ name, position }) => [name, position]))

test('relays are listed with their lag', async () => {
  await store.publishMany(Counted, keys(5))
  await dispatched()
  await store.client.query(
    `update holdfast.messages set published_at = now() - interval '1 hour' where position = 3`,
  )
  await store.publish(Counted, 'a', 1)
  await relayAt(2, 'behind')
  await relayAt(5, 'ahead')
  const failure = { code: 'broker-unreachable', message: 'It is away.', at: '2026-01-01T00:00:00.000Z' }
  await store.client.query(
    'update holdfast.subscriptions set failure = $1, handled_at = now() where name = $2',
    [failure, 'behind'],
  )
  const [ahead, behind] = await listSubscriptions(pool, 'relay')
  expect(ahead).toEqual({
    service: testService,
    kind: 'relay',
    name: 'ahead',
    publisher: testService,
    events: null,
    position: '5',
    handledAt: null,
    seenAt: expect.any(Date),
    failure: null,
    lagMessages: 1,
    lagSeconds: expect.any(Number),
    deadMessages: 0,
  })
  expect(behind).toMatchObject({ name: 'behind', lagMessages: 4, failure, handledAt: expect.any(Date) })
  expect(behind!.lagSeconds).toBeCloseTo(3_600, -2)
})

describe('lists of messages', () => {
  beforeEach(async () => {
    await store.publishMany(Counted, keys(7))
    await store.publishMany(Other, keys(2))
    await dispatched()
    await store.publish(Counted, 'k0', 7)
  })
  const payloads = async (options?: ListMessagesOptions): Promise<number[]> =>
    (await listMessages(pool, options)).map(({ payload }) => Number(payload)).toSorted((a, b) => a - b)

  test('messages are listed with all their fields', async () => {
    const [message] = await listMessages(pool, { isNew: true })
    expect(message).toEqual({
      id: expect.any(String),
      event: 'thing.counted',
      key: 'k0',
      payload: 7,
      position: null,
      publishedAt: expect.any(Date),
      traceparent: expect.any(String),
      tenant: null,
    })
  })

  test('messages are found by event, key, state and time', async () => {
    expect(await payloads({ event: 'thing.other' })).toEqual([0, 1])
    expect(await payloads({ event: 'thing.counted', key: 'k0' })).toEqual([0, 3, 6, 7])
    expect(await payloads({ isNew: true })).toEqual([7])
    expect(await payloads({ isNew: false, event: 'thing.counted' })).toHaveLength(7)
    await store.client.query(`update holdfast.messages set published_at = '2026-01-01' where position <= 2`)
    expect(await payloads({ until: new Date('2026-02-01') })).toEqual([0, 1])
    expect(await payloads({ since: new Date('2026-02-01') })).toHaveLength(8)
  })

  test('messages are listed in pages, each message once', async () => {
    const seen: string[] = []
    let page = await listMessages(pool, { limit: 4 })
    while (page.length > 0) {
      seen.push(...page.map(({ id }) => id))
      page = await listMessages(pool, { limit: 4, after: seen.at(-1)! })
    }
    expect(seen).toHaveLength(10)
    expect(seen).toEqual(seen.toSorted().toReversed())
  })

  test.each([{ limit: 0 }, { limit: 1_001 }, { limit: 1.5 }, { after: 'x' }])(
    'a list of messages is rejected for %j',
    async (options) => {
      await expect(listMessages(pool, options)).rejects.toMatchObject({ code: 'message-list-invalid' })
    },
  )

  test('messages are dispatched again, after the others', async () => {
    await dispatched()
    const { rows } = await store.client.query<{ id: string }>(
      'select id from holdfast.messages where position in (2, 5)',
    )
    const absent = '0197f0a0-0000-7000-8000-000000000001'
    expect(new Set(await republish(pool, [...rows.map(({ id }) => id), absent]))).toEqual(
      new Set(rows.map(({ id }) => id)),
    )
    await dispatched()
    const { rows: last } = await store.client.query(
      'select payload from holdfast.messages where position > 10 order by position',
    )
    expect(last).toEqual([{ payload: 1 }, { payload: 4 }])
    await expect(republish(pool, ['x'])).rejects.toMatchObject({ code: 'message-list-invalid' })
  })
})

describe('moves of a relay', () => {
  beforeEach(async () => {
    await store.publishMany(Counted, keys(6))
    await dispatched()
    await relayAt(6)
    await relayAt(6, 'other')
  })

  const out = { kind: 'relay', name: 'out' } as const
  const none = { kind: 'relay', name: 'none' } as const

  test('a relay is moved to a position, without moving others', async () => {
    expect(await moveSubscription(pool, out, { position: 2n })).toEqual({
      service: testService,
      name: 'out',
      position: '2',
      messages: 4,
    })
    expect(await moveSubscription(pool, out, { position: '0' })).toMatchObject({ position: '0', messages: 6 })
    expect(await positions()).toEqual({ out: '0', other: '6' })
  })

  test('a relay is moved to a time', async () => {
    await store.client.query(`update holdfast.messages set published_at = '2026-01-01' where position <= 4`)
    const moveTo = (since: string): Promise<object> => moveSubscription(pool, out, { since: new Date(since) })
    expect(await moveTo('2026-01-02')).toMatchObject({ position: '4', messages: 2 })
    expect(await moveTo('2025-01-02')).toMatchObject({ position: '0', messages: 6 })
    expect(await moveTo('2999-01-02')).toMatchObject({ position: '6', messages: 0 })
  })

  test('a relay is not moved forward if it may not skip messages', async () => {
    await moveSubscription(pool, out, { position: 2n })
    const refused = { code: 'subscription-would-skip', message: expect.stringContaining('up to position 2') }
    await expect(moveSubscription(pool, out, { position: 3n, maySkip: false })).rejects.toMatchObject(refused)
    const late = { since: new Date('2999-01-02'), maySkip: false }
    await expect(moveSubscription(pool, out, late)).rejects.toMatchObject(refused)
    expect(await positions()).toEqual({ out: '2', other: '6' })
    await moveSubscription(pool, out, { position: 1n, maySkip: false })
    expect(await positions()).toEqual({ out: '1', other: '6' })
  })

  test('a relay is removed', async () => {
    await removeSubscription(pool, { kind: 'relay', name: 'other' })
    expect(await positions()).toEqual({ out: '6' })
  })

  test('the service of a relay is required if several services use its name', async () => {
    await relayAt(6, 'out', 'another')
    await expect(moveSubscription(pool, out, { position: 1n })).rejects.toMatchObject({
      code: 'subscription-ambiguous',
      message: expect.stringContaining('another, messages-test'),
    })
    const moved = await moveSubscription(pool, { ...out, service: 'another' }, { position: 1n })
    expect(moved).toMatchObject({ service: 'another', position: '1' })
  })

  test('a relay that is not registered is rejected', async () => {
    const unknown = {
      code: 'subscription-unknown',
      message: 'No relay "none" is registered in this database; registered: other, out.',
    }
    await expect(moveSubscription(pool, none, { position: 1n })).rejects.toMatchObject(unknown)
    await expect(removeSubscription(pool, none)).rejects.toMatchObject(unknown)
    await expect(moveSubscription(pool, out, { position: '-1' })).rejects.toMatchObject({
      code: 'subscription-position-invalid',
    })
  })
})
