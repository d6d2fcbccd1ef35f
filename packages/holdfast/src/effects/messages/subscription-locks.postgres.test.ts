import { randomUUIDv7 } from 'node:crypto'
import type pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { DriverClient } from '../../storage/postgres/session/driver-client.ts'
import type { Statement } from '../../storage/postgres/statement/statement.ts'
import { createTestMessages, type TestMessages } from './messages.fixture.ts'
import { storeDead } from './queries/dead-messages.ts'
import { lockDispatch } from './queries/dispatch.ts'
import {
  advanceConsumers,
  advanceSubscription,
  lockConsumers,
  lockSubscription,
} from './queries/subscriptions.ts'

// Tests each statement in isolation, without the other checks: if one were wrong, a message could
// be dispatched twice.

let store: TestMessages
let one: pg.Client
let other: pg.Client

beforeAll(async () => {
  store = await createTestMessages()
  ;[one, other] = await Promise.all([connect(), connect()])
})
afterAll(async () => {
  await Promise.all([one.end(), other.end()])
  await store[Symbol.asyncDispose]()
})
beforeEach(async () => {
  await store.client.query('truncate holdfast.messages, holdfast.subscriptions, holdfast.dead_messages')
  await store.client.query(`
    insert into holdfast.messages (id, service, event, key, payload, position)
    values (gen_random_uuid(), 'shop', 'happened', '', '1', 10);
    insert into holdfast.subscriptions (service, kind, name, publisher, position)
    values ('shop', 'consumer', 'a', 'shop', 5), ('shop', 'consumer', 'b', 'shop', 5), ('shop', 'relay', 'r', 'shop', 5)`)
})
afterEach(async () => {
  await one.query('rollback')
  await other.query('rollback')
})

/** Opens a session that never waits for a lock. */
async function connect(): Promise<pg.Client> {
  const client = new DriverClient({ connectionString: store.url, options: '-c lock_timeout=100' })
  await client.connect()
  return client
}

const run = (client: pg.Client, { text, values = [] }: Statement): Promise<pg.QueryResult> =>
  client.query({ text, values: [...values] })

const positionOf = async (name: string): Promise<unknown> => {
  const { rows } = await store.client.query('select position from holdfast.subscriptions where name = $1', [
    name,
  ])
  return rows[0].position
}

test('consumers that another process advances are skipped', async () => {
  await one.query('begin')
  expect((await run(one, lockConsumers('shop', ['a']))).rows).toMatchObject([{ name: 'a' }])
  expect((await run(other, lockConsumers('shop', ['a', 'b']))).rows).toMatchObject([{ name: 'b' }])
})

test('a consumer is not moved back', async () => {
  await run(one, advanceConsumers('shop', ['a'], '7'))
  await run(one, advanceConsumers('shop', ['a', 'b'], '6'))
  expect([await positionOf('a'), await positionOf('b')].map(String)).toEqual(['7', '6'])
})

test('a subscription that was moved during a pass stays at its new position', async () => {
  await store.client.query(`update holdfast.subscriptions set position = 2 where name = 'r'`)
  const relay = { kind: 'relay', name: 'r' } as const
  await run(one, advanceSubscription('shop', relay, { from: '5', to: '10' }))
  expect(String(await positionOf('r'))).toBe('2')
  await run(one, advanceSubscription('shop', relay, { from: '2', to: '10' }))
  expect(String(await positionOf('r'))).toBe('10')
})

test.each([
  ['gives positions', lockDispatch()],
  ['advances a subscription', lockSubscription('shop', { kind: 'relay', name: 'r' })],
])('one transaction at a time %s', async (_, lock) => {
  await one.query('begin')
  expect((await run(one, lock)).rows).toEqual([{ is_locked: true }])
  expect((await run(other, lock)).rows).toEqual([{ is_locked: false }])
  await one.query('commit')
  expect((await run(other, lock)).rows).toEqual([{ is_locked: true }])
})

test('a dead letter that fails again is no longer redriven', async () => {
  const dead = { id: randomUUIDv7(), event: 'happened', key: '', failure: {} }
  await run(one, storeDead('shop', 's', [dead]))
  await store.client.query('update holdfast.dead_messages set is_redriven = true')
  await run(one, storeDead('shop', 's', [dead]))
  const { rows } = await store.client.query('select is_redriven from holdfast.dead_messages')
  expect(rows).toEqual([{ is_redriven: false }])
})
