import type pg from 'pg'
import { until } from 'holdfast/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { event } from '../kernel/event.ts'
import { startDispatcher } from './dispatcher.ts'
import { createTestOutbox, type TestOutbox } from './outbox.fixture.ts'
import {
  forgetRelay,
  listMessages,
  listRelays,
  type ListMessagesOptions,
  moveRelay,
  republish,
} from './outbox-admin.ts'
import { openDriverPool } from '../postgres/driver-client.ts'

const Counted = event('thing.counted', { payload: z.int() })
const Other = event('thing.other', { payload: z.int() })

let outbox: TestOutbox
let pool: pg.Pool
beforeAll(async () => {
  outbox = await createTestOutbox()
  pool = openDriverPool({ connectionString: outbox.url, max: 1 })
  pool.on('error', () => {})
})
afterAll(async () => {
  await pool.end()
  await outbox[Symbol.asyncDispose]()
})
beforeEach(() =>
  outbox.client.query(
    'truncate holdfast.messages, holdfast.relays; alter sequence holdfast.message_positions restart',
  ),
)

async function dispatched(): Promise<void> {
  const dispatcher = startDispatcher({
    ...outbox,
    ...outbox.surroundings,
    subscribers: [],
    onDispatched: () => {},
  })
  await until(async () => (await listMessages(pool, { isNew: true })).length === 0)
  await dispatcher.stop()
}
const keys = (count: number): string[] => Array.from({ length: count }, (_, n) => `k${n % 3}`)
const relayAt = (position: number, name = 'out'): Promise<unknown> =>
  outbox.client.query('insert into holdfast.relays (name, position) values ($1, $2)', [name, position])
const positions = async (): Promise<Record<string, unknown>> =>
  Object.fromEntries((await listRelays(pool)).map(({ name, position }) => [name, position]))

test('relays are listed with what is behind them', async () => {
  await outbox.publishMany(Counted, keys(5))
  await dispatched()
  await outbox.client.query(
    `update holdfast.messages set published_at = now() - interval '1 hour' where position = 3`,
  )
  await outbox.publish(Counted, 'a', 1)
  await relayAt(2, 'behind')
  await relayAt(5, 'ahead')
  const failure = { code: 'broker-unreachable', message: 'It is away.', at: '2026-01-01T00:00:00.000Z' }
  await outbox.client.query('update holdfast.relays set failure = $1, sent_at = now() where name = $2', [
    failure,
    'behind',
  ])
  const [ahead, behind] = await listRelays(pool)
  expect(ahead).toEqual({
    name: 'ahead',
    position: '5',
    sentAt: null,
    failure: null,
    lagMessages: 1,
    lagSeconds: expect.any(Number),
  })
  expect(behind).toMatchObject({ name: 'behind', lagMessages: 4, failure, sentAt: expect.any(Date) })
  expect(behind!.lagSeconds).toBeCloseTo(3_600, -2)
})

describe('messages', () => {
  beforeEach(async () => {
    await outbox.publishMany(Counted, keys(7))
    await outbox.publishMany(Other, keys(2))
    await dispatched()
    await outbox.publish(Counted, 'k0', 7)
  })
  const payloads = async (options?: ListMessagesOptions): Promise<number[]> =>
    (await listMessages(pool, options)).map(({ payload }) => Number(payload)).toSorted((a, b) => a - b)

  test('are listed with all that belongs to them', async () => {
    const [message] = await listMessages(pool, { isNew: true })
    expect(message).toEqual({
      id: expect.any(String),
      event: 'thing.counted',
      key: 'k0',
      payload: 7,
      position: null,
      publishedAt: expect.any(Date),
      traceparent: expect.any(String),
    })
  })

  test('are found by event, key, state and time', async () => {
    expect(await payloads({ event: 'thing.other' })).toEqual([0, 1])
    expect(await payloads({ event: 'thing.counted', key: 'k0' })).toEqual([0, 3, 6, 7])
    expect(await payloads({ isNew: true })).toEqual([7])
    expect(await payloads({ isNew: false, event: 'thing.counted' })).toHaveLength(7)
    await outbox.client.query(`update holdfast.messages set published_at = '2026-01-01' where position <= 2`)
    expect(await payloads({ until: new Date('2026-02-01') })).toEqual([0, 1])
    expect(await payloads({ since: new Date('2026-02-01') })).toHaveLength(8)
  })

  test('come in pages, each once', async () => {
    const seen: string[] = []
    let page = await listMessages(pool, { limit: 4 })
    while (page.length > 0) {
      seen.push(...page.map(({ id }) => id))
      page = await listMessages(pool, { limit: 4, before: seen.at(-1)! })
    }
    expect(seen).toHaveLength(10)
    expect(seen).toEqual(seen.toSorted().toReversed())
  })

  test.each([{ limit: 0 }, { limit: 1_001 }, { limit: 1.5 }, { before: 'x' }])(
    'are refused for %j',
    async (options) => {
      await expect(listMessages(pool, options)).rejects.toMatchObject({ code: 'message-list-invalid' })
    },
  )

  test('are handed out once more, behind the others', async () => {
    await dispatched()
    const { rows } = await outbox.client.query<{ id: string }>(
      'select id from holdfast.messages where position in (2, 5)',
    )
    const absent = '0197f0a0-0000-7000-8000-000000000001'
    expect(new Set(await republish(pool, [...rows.map(({ id }) => id), absent]))).toEqual(
      new Set(rows.map(({ id }) => id)),
    )
    await dispatched()
    const { rows: last } = await outbox.client.query(
      'select payload from holdfast.messages where position > 10 order by position',
    )
    expect(last).toEqual([{ payload: 1 }, { payload: 4 }])
    await expect(republish(pool, ['x'])).rejects.toMatchObject({ code: 'message-list-invalid' })
  })
})

describe('a relay', () => {
  beforeEach(async () => {
    await outbox.publishMany(Counted, keys(6))
    await dispatched()
    await relayAt(6)
    await relayAt(6, 'other')
  })

  test('is moved to a position, and no other is', async () => {
    expect(await moveRelay(pool, 'out', { position: 2n })).toEqual({
      name: 'out',
      position: '2',
      messages: 4,
    })
    expect(await moveRelay(pool, 'out', { position: '0' })).toMatchObject({ position: '0', messages: 6 })
    expect(await positions()).toEqual({ out: '0', other: '6' })
  })

  test('is moved to a time', async () => {
    await outbox.client.query(`update holdfast.messages set published_at = '2026-01-01' where position <= 4`)
    expect(await moveRelay(pool, 'out', { since: new Date('2026-01-02') })).toMatchObject({
      position: '4',
      messages: 2,
    })
    expect(await moveRelay(pool, 'out', { since: new Date('2025-01-02') })).toMatchObject({
      position: '0',
      messages: 6,
    })
    expect(await moveRelay(pool, 'out', { since: new Date('2999-01-02') })).toMatchObject({
      position: '6',
      messages: 0,
    })
  })

  test('is forgotten', async () => {
    await forgetRelay(pool, 'other')
    expect(await positions()).toEqual({ out: '6' })
  })

  test('that is none is told apart', async () => {
    const unknown = {
      code: 'relay-unknown',
      message: 'No relay "none" has run on this database: there are other, out.',
    }
    await expect(moveRelay(pool, 'none', { position: 1n })).rejects.toMatchObject(unknown)
    await expect(forgetRelay(pool, 'none')).rejects.toMatchObject(unknown)
    await expect(moveRelay(pool, 'out', { position: '-1' })).rejects.toMatchObject({
      code: 'relay-position-invalid',
    })
  })
})
