import { until } from 'holdfast/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { type RecurringTask } from '../../kernel/base/recurring-task.ts'
import { event } from '../../kernel/background/event.ts'
import { startDispatcher } from './dispatcher.ts'
import { createTestMessages, type OpenTransaction, type TestMessages } from './messages.fixture.ts'

const Counted = event('thing.counted', { payload: z.int() })
const Named = event('thing.named', {
  payload: z.object({ name: z.string().max(10), note: z.string().optional() }),
})
const Checked = event('thing.checked', { payload: z.object({ name: z.string() }).refine(async () => true) })

let store: TestMessages
beforeAll(async () => {
  store = await createTestMessages()
})
afterAll(() => store[Symbol.asyncDispose]())
beforeEach(async () => {
  await store.client.query('delete from holdfast.messages')
})

interface Row {
  readonly id: string
  readonly key: string
  readonly payload: unknown
  readonly position: string | null
}

async function messages(order: 'seq' | 'position' = 'seq'): Promise<Row[]> {
  const { rows } = await store.client.query<Row>(
    `select id, key, payload, position from holdfast.messages order by ${order}`,
  )
  return rows
}

const payloads = async (): Promise<unknown[]> => (await messages()).map(({ payload }) => payload)

async function opened(...toPublish: readonly [key: string, payload: number][]): Promise<OpenTransaction> {
  const transaction = await store.begin()
  for (const [key, payload] of toPublish) await transaction.publish(Counted, key, payload)
  return transaction
}

async function ended(transaction: OpenTransaction): Promise<void> {
  await transaction.flush()
  await transaction.commit()
}

/** Returns the number of sessions that wait for a lock. */
async function waiting(): Promise<number> {
  const { rows } = await store.client.query<{ count: number }>(
    `select count(*)::integer as count from pg_locks
     where not granted and locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())`,
  )
  return rows[0]!.count
}

describe('messages of a transaction', () => {
  test('a message is stored after the commit, in order, with the trace of its call, and wakes the dispatcher', async () => {
    const { count } = store.wakes
    const transaction = await store.begin()
    const ids = [
      await transaction.publish(Named, 'a', { name: 'one' }),
      await transaction.publish(Named, 'b', { name: 'two', note: '\0 \ud800 "\\ ü 🎈' }),
      await transaction.publish(Counted, 'a', 3),
    ]
    await transaction.flush()
    expect(await messages()).toEqual([])
    expect(store.wakes.count).toBe(count)
    await transaction.commit()

    expect(await messages()).toEqual([
      { id: ids[0], key: 'a', payload: { name: 'one' }, position: null },
      { id: ids[1], key: 'b', payload: { name: 'two', note: '\0 \ud800 "\\ ü 🎈' }, position: null },
      { id: ids[2], key: 'a', payload: 3, position: null },
    ])
    expect(ids[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/)
    expect(store.wakes.count).toBe(count + 1)
    const { rows } = await store.client.query('select distinct traceparent from holdfast.messages')
    expect(rows).toEqual([
      { traceparent: expect.stringContaining(transaction.session.work.span.trace.traceId) },
    ])
  })

  test('the messages of a transaction are sent in one statement', async () => {
    const transaction = await opened(
      ...Array.from({ length: 100 }, (_, n) => [`${n % 7}`, n] as [string, number]),
    )
    expect(transaction.session.gathered.statements()).toHaveLength(1)
    await ended(transaction)
    expect(await payloads()).toEqual(Array.from({ length: 100 }, (_, n) => n))
  })

  test('a message is not stored after a rollback', async () => {
    const transaction = await opened(['a', 1])
    await transaction.flush()
    await transaction.rollBack()
    expect(await messages()).toEqual([])
  })

  test('a message within a savepoint is undone with the savepoint', async () => {
    const transaction = await opened(['a', 1])
    const say = (text: string): Promise<unknown> => transaction.session.query({ text })
    await say('savepoint one')
    await transaction.publish(Counted, 'a', 2)
    await say('savepoint two')
    await transaction.publish(Counted, 'a', 3)
    await say('release savepoint two')
    await say('rollback to savepoint one')
    await transaction.publish(Counted, 'a', 4)
    await ended(transaction)
    expect(await payloads()).toEqual([1, 4])
  })

  test('a message contains its payload as it was when it was published', async () => {
    const transaction = await store.begin()
    const payload = { name: 'before' }
    await transaction.publish(Named, 'a', payload)
    payload.name = 'after'
    await ended(transaction)
    expect(await payloads()).toEqual([{ name: 'before' }])
  })

  test('a message contains no member that its event does not declare', async () => {
    await store.publish(Named, 'a', { name: 'x', password_hash: 'y' } as { name: string })
    await store.publish(Checked, 'a', { name: 'x', password_hash: 'y' } as { name: string })
    expect(await payloads()).toEqual([{ name: 'x' }, { name: 'x' }])
  })

  test('a message can be validated by an asynchronous schema', async () => {
    await store.publish(Checked, 'a', { name: 'x' })
    expect(await payloads()).toEqual([{ name: 'x' }])
  })

  test.each([
    ['a', { name: 'far too long a name' }, /"thing\.named" has a payload that does not match .*#\/name: /],
    ['', { name: 'x' }, /has a key of 0 characters; it must have 1 to 255/],
    ['k'.repeat(256), { name: 'x' }, /has a key of 256 characters/],
    ['a\0', { name: 'x' }, /has a key with U\+0000/],
    ['\ud800', { name: 'x' }, /has a key with U\+0000 or an unpaired surrogate/],
    ['a', { name: 'x', note: 'n'.repeat(256 * 1_024) }, /has a payload of \d+ bytes, but the max is 262144/],
  ])('a message is rejected if it is invalid: %#', async (key, payload, message) => {
    const transaction = await store.begin()
    await expect(transaction.publish(Named, key, payload)).rejects.toMatchObject({
      code: 'message-invalid',
      message: expect.stringMatching(message),
    })
    await ended(transaction)
    expect(await messages()).toEqual([])
  })

  test('a message is rejected if it is not JSON-serializable', async () => {
    const Any = event('thing.any', { payload: z.any() })
    const transaction = await store.begin()
    for (const payload of [undefined, 1n, () => 1]) {
      await expect(transaction.publish(Any, 'a', payload)).rejects.toMatchObject({ code: 'message-invalid' })
    }
    await transaction.rollBack()
  })

  test('a message is rejected after its handler has ended', async () => {
    const transaction = await opened(['a', 1])
    await transaction.flush()
    await expect(transaction.publish(Counted, 'a', 2)).rejects.toMatchObject({
      code: 'message-published-late',
    })
    await transaction.commit()
    expect(await payloads()).toEqual([1])
  })
})

describe('order', () => {
  let dispatcher: RecurringTask | undefined
  async function dispatched(count: number): Promise<Row[]> {
    dispatcher = startDispatcher({
      ...store,
      ...store.host,
      resolveWaits: () => [],
      onDispatched: () => {},
    })
    try {
      await until(async () => (await messages()).filter(({ position }) => position !== null).length === count)
    } finally {
      await dispatcher.stop()
    }
    return messages('position')
  }

  test('messages of a key are in commit order, no matter which transaction began or published first', async () => {
    const first = await opened(['a', 1])
    await first.session.query({ text: 'create temporary table has_an_older_xid ()' })
    const second = await opened(['a', 2])
    await second.session.query({ text: 'create temporary table has_a_younger_xid ()' })
    await second.flush()
    const flushing = first.flush()
    await until(async () => (await waiting()) === 1)
    await second.commit()
    await flushing
    await first.commit()
    expect((await dispatched(2)).map(({ payload }) => payload)).toEqual([2, 1])
  })

  test('transactions with many keys do not deadlock, and their messages are in commit order', async () => {
    const committed: number[] = []
    await Promise.all(
      Array.from({ length: 15 }, async (_, n) => {
        const keys = n % 2 === 0 ? ['a', 'b', 'c'] : ['c', 'b', 'a']
        const transaction = await opened(...keys.map((key) => [key, n] as [string, number]))
        await transaction.flush()
        // All transactions use the same keys, so only one at a time reaches this line.
        committed.push(n)
        await transaction.commit()
      }),
    )
    const rows = await dispatched(45)
    for (const key of ['a', 'b', 'c'])
      expect(rows.filter((row) => row.key === key).map(({ payload }) => payload)).toEqual(committed)
  })

  test('messages that commit late are read; a reader that stores the highest number would miss them', async () => {
    const slow = await opened(['slow', 1])
    await slow.flush()
    await store.publish(Counted, 'fast', 2)

    // Negative control: a poller that remembers the highest number it has seen.
    let last = '0'
    const naive: unknown[] = []
    const poll = async (): Promise<void> => {
      const { rows } = await store.client.query<{ seq: string; payload: unknown }>(
        'select seq, payload from holdfast.messages where seq > $1 order by seq',
        [last],
      )
      naive.push(...rows.map(({ payload }) => payload))
      last = rows.at(-1)?.seq ?? last
    }
    await poll()
    expect((await dispatched(1)).map(({ payload }) => payload)).toEqual([2])
    await slow.commit()
    await poll()
    expect(naive).toEqual([2])

    expect((await dispatched(2)).map(({ payload }) => payload)).toEqual([2, 1])
  })
})
