import { until } from 'holdfast/testing'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createTestOutbox, type TestOutbox } from './outbox.fixture.ts'
import { startMessagePruning } from './prune.ts'

let outbox: TestOutbox
beforeAll(async () => {
  outbox = await createTestOutbox()
})
afterAll(() => outbox[Symbol.asyncDispose]())
beforeEach(() => outbox.client.query('truncate holdfast.messages, holdfast.relays, holdfast.inbox'))

const hour = 3_600_000

/** Makes messages; the first `old` of them were published 61 minutes ago. */
async function messages(count: number, old: number): Promise<void> {
  await outbox.client.query(
    `insert into holdfast.messages (id, event, key, payload, published_at, position)
     select gen_random_uuid(), 'e', 'k', to_json(n), now() - case when n <= $2 then interval '61 minutes' else interval '59 minutes' end, n
     from generate_series(1, $1) as n`,
    [count, old],
  )
}

const relayAt = (position: number): Promise<unknown> =>
  outbox.client.query('insert into holdfast.relays (name, position) values ($1, $2)', [
    `r${position}`,
    position,
  ])

async function left(table = 'messages'): Promise<number> {
  const { rows } = await outbox.client.query<{ count: number }>(
    `select count(*)::integer as count from holdfast.${table}`,
  )
  return rows[0]!.count
}

/** Prunes, as several processes do it, until there is done what is waited for. */
async function prune(isDone: () => Promise<boolean>): Promise<void> {
  const { pool, surroundings } = outbox
  const duties = [1, 2].map(() =>
    startMessagePruning({ ...surroundings, pool, retentionMs: hour, everyMs: 20 }),
  )
  try {
    await until(isDone)
  } finally {
    await Promise.all(duties.map((duty) => duty.stop()))
  }
}

/** Prunes once at least: each time, messages go first, and what was consumed after them. */
async function pruneOnce(): Promise<void> {
  await outbox.client.query(
    `insert into holdfast.inbox (consumer, message_id, consumed_at) values ('last', gen_random_uuid(), now() - interval '1 day')`,
  )
  await prune(async () => {
    const { rowCount } = await outbox.client.query(`select from holdfast.inbox where consumer = 'last'`)
    return rowCount === 0
  })
}

test('messages older than the retention are deleted, in batches, and younger ones are kept', async () => {
  await messages(2_600, 2_500)
  await relayAt(2_600)
  await prune(async () => (await left()) <= 100)
  expect(await left()).toBe(100)
})

test('what a relay has not sent is kept, and so is what nobody has heard of', async () => {
  await messages(100, 100)
  await relayAt(100)
  await relayAt(40)
  await outbox.client.query('update holdfast.messages set position = null where position = 7')
  await pruneOnce()
  expect(await left()).toBe(61)
})

test('what was consumed is known for longer than its message is kept', async () => {
  await messages(2, 2)
  await relayAt(1)
  await outbox.client.query(
    `insert into holdfast.inbox (consumer, message_id, consumed_at)
     select 'c', id, now() - interval '61 minutes' from holdfast.messages`,
  )
  await outbox.client.query(
    `insert into holdfast.inbox (consumer, message_id, consumed_at) values ('c', gen_random_uuid(), now() - interval '59 minutes')`,
  )
  await pruneOnce()
  // The one whose message is there, and the young one.
  expect(await left('inbox')).toBe(2)
  expect(await left()).toBe(1)
})
