import { randomUUID, randomUUIDv7 } from 'node:crypto'
import { until } from 'holdfast/testing'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createTestMessages, type TestMessages } from './messages.fixture.ts'
import { startMessagePruning } from './prune.ts'
import { pruneMessages } from './queries/prune.ts'

let store: TestMessages
beforeAll(async () => {
  store = await createTestMessages()
})
afterAll(() => store[Symbol.asyncDispose]())
beforeEach(() =>
  store.client.query(
    'truncate holdfast.messages, holdfast.subscriptions, holdfast.inbox, holdfast.dead_messages',
  ),
)

const hourMs = 3_600_000

/** Inserts messages, of which the first `old` were published 61 minutes ago. */
async function messages(count: number, old: number): Promise<void> {
  await store.client.query(
    `insert into holdfast.messages (id, service, event, key, payload, published_at, position)
     select gen_random_uuid(), 's', 'e', 'k', to_json(n),
       now() - case when n <= $2 then interval '61 minutes' else interval '59 minutes' end, n
     from generate_series(1, $1) as n`,
    [count, old],
  )
}

async function left(table = 'messages'): Promise<number> {
  const { rows } = await store.client.query<{ count: number }>(
    `select count(*)::integer as count from holdfast.${table}`,
  )
  return rows[0]!.count
}

/** Prunes as two concurrent processes would, until a condition holds. */
async function prune(isDone: () => Promise<boolean>): Promise<void> {
  const { pool, host } = store
  const tasks = [1, 2].map(() => startMessagePruning({ ...host, pool, retentionMs: hourMs, everyMs: 20 }))
  try {
    await until(isDone)
  } finally {
    await Promise.all(tasks.map((task) => task.stop()))
  }
}

test('messages older than the retention are deleted in batches, and younger ones are kept', async () => {
  await messages(2_600, 2_500)
  await prune(async () => (await left()) <= 100)
  expect(await left()).toBe(100)
})

test('messages that a lagging subscription has not read are deleted, and a message without a position is kept', async () => {
  await messages(100, 100)
  await store.client.query(
    `insert into holdfast.subscriptions (service, kind, name, publisher, position) values ('s', 'relay', 'r', 's', 40)`,
  )
  await store.client.query('update holdfast.messages set position = null where position = 7')
  await prune(async () => (await left()) <= 1)
  expect(await left()).toBe(1)
})

test('a pass with nothing to delete reads one row, no matter how many were deleted before', async () => {
  await messages(5_000, 5_000)
  await prune(async () => (await left()) === 0)
  await messages(1, 0)
  await store.client.query('update holdfast.messages set position = 5001')
  const { text, values } = pruneMessages({ retentionMs: hourMs, after: '5000', limit: 1_000 })
  const { rows } = await store.client.query<{ 'QUERY PLAN': string }>(
    `explain (analyze, costs off, timing off, summary off) ${text}`,
    [...values!],
  )
  const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
  const read = [...plan.matchAll(/rows=(\d+)/g)].map(([, count]) => Number(count))
  expect(Math.max(...read)).toBeLessThanOrEqual(1)
})

test('records of consumed messages are deleted with their messages, for each consumer', async () => {
  const day = 86_400_000
  const idAt = (ms: number): string => {
    const hex = ms.toString(16).padStart(12, '0')
    return `${hex.slice(0, 8)}-${hex.slice(8)}${randomUUIDv7().slice(13)}`
  }
  for (const consumer of ['a', 'b', 'c'])
    await store.client.query(
      `insert into holdfast.inbox (service, consumer, message_id)
       select 's', $1, id from unnest($2::uuid[]) as id`,
      [consumer, [idAt(Date.now() - 3 * day), idAt(Date.now() - 2 * day), idAt(Date.now())]],
    )
  await prune(async () => (await left('inbox')) <= 3)
  expect(await left('inbox')).toBe(3)
})

test('dead letters are deleted with their messages', async () => {
  for (const age of ['61 minutes', '59 minutes'])
    await store.client.query(
      `insert into holdfast.dead_messages (service, subscriber, message_id, event, key, failure, died_at)
       values ('s', 'x', $1, 'e', 'k', '{}', now() - $2::interval)`,
      [randomUUID(), age],
    )
  await prune(async () => (await left('dead_messages')) <= 1)
  expect(await left('dead_messages')).toBe(1)
})
