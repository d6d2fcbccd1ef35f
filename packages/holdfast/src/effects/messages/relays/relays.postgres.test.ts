import { until } from 'holdfast/testing'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import type { RecurringTask } from '../../../kernel/base/recurring-task.ts'
import { event, type EventType } from '../../../kernel/background/event.ts'
import { HoldfastError } from '../../../kernel/base/holdfast-error.ts'
import { type Broker, relay, type RelayedMessage } from '../../../kernel/background/relay.ts'
import { startDispatcher } from '../dispatcher.ts'
import { registerAll } from '../register-subscriptions.ts'
import { createTestMessages, type TestMessages, testService } from '../messages.fixture.ts'
import { type Relays, startRelays } from './relays.ts'

const Counted = event('thing.counted', { payload: z.int() })
const Other = event('thing.other', { payload: z.int() })

let store: TestMessages
let dispatcher: RecurringTask
beforeAll(async () => {
  store = await createTestMessages()
})
afterAll(() => store[Symbol.asyncDispose]())
beforeEach(async () => {
  await store.client.query('truncate holdfast.messages, holdfast.subscriptions')
  store.lines.length = 0
  dispatcher = startDispatcher({
    ...store,
    ...store.host,
    resolveWaits: () => [],
    onDispatched: () => {
      for (const one of running) one.wake()
    },
  })
})
const running: Relays[] = []
afterEach(async () => {
  await Promise.all([dispatcher.stop(), ...running.splice(0).map((one) => one.stop())])
})

/** A broker in this process, whose behavior a test controls. */
class TestBroker implements Broker {
  readonly name = 'test'
  /** The received batches. */
  readonly batches: (readonly RelayedMessage[])[] = []
  readonly connections = { opened: 0, closed: 0 }
  onConnect: (signal: AbortSignal) => unknown = () => undefined
  onSend: (messages: readonly RelayedMessage[], signal: AbortSignal) => unknown = () => undefined

  async connect(_: unknown, signal: AbortSignal): ReturnType<Broker['connect']> {
    await this.onConnect(signal)
    this.connections.opened += 1
    return {
      send: async (messages, sending) => {
        await this.onSend(messages, sending)
        this.batches.push(messages)
      },
      close: async () => void (this.connections.closed += 1),
    }
  }

  get payloads(): unknown[] {
    return this.batches.flat().map(({ payload }) => payload)
  }
}

async function start(
  to: Broker,
  { name = 'out', events }: { name?: string; events?: readonly EventType[] } = {},
): Promise<Relays> {
  const { pool, host } = store
  const relays = [relay({ name, to, ...(events ? { events } : {}) })]
  const declared = { kind: 'relay', name, publisher: testService, startFrom: 'oldest' } as const
  await registerAll(testService, [{ ...declared, events: events?.map((one) => one.name) ?? null }], pool)
  const one = startRelays({ service: testService, pool, host, relays })
  running.push(one)
  return one
}

interface Row {
  readonly name: string
  readonly position: string
  readonly handled_at: Date | null
  readonly failure: { code: string; message: string; at: string } | null
}
async function rowOf(name = 'out'): Promise<Row | undefined> {
  const { rows } = await store.client.query<Row>('select * from holdfast.subscriptions where name = $1', [
    name,
  ])
  return rows[0]
}
async function lastPosition(): Promise<string | null> {
  const { rows } = await store.client.query<{ last: string | null }>(
    'select max(position) as last from holdfast.messages having count(*) = count(position)',
  )
  return rows[0]?.last ?? null
}
const isUpToDate = async (name = 'out'): Promise<boolean> => {
  // Wakes the dispatcher and the relays, as a worker's poll does.
  dispatcher.now()
  for (const one of running) one.wake()
  const last = await lastPosition()
  return last !== null && (await rowOf(name))?.position === last
}
const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n)
async function publish(count: number, of: EventType<number, number> = Counted): Promise<void> {
  await store.publishMany(
    of,
    upTo(count).map((n) => `k${n % 5}`),
  )
  dispatcher.now()
}
const told = (level: string): string[] =>
  store.lines.filter((line) => line['level'] === level).map(({ msg }) => String(msg))

const away = (): never => {
  throw new HoldfastError('broker-unreachable', 'It is away.')
}

const Named = event('thing.named', { payload: z.object({ name: z.string() }) })

test('a relay sends no member that the event does not declare', async () => {
  await store.publish(Named, 'k', { name: 'x', password_hash: 'y' } as { name: string })
  dispatcher.now()
  const broker = new TestBroker()
  await start(broker)
  await until(isUpToDate)
  expect(broker.payloads).toEqual([{ name: 'x' }])
})

test('a relay sends all messages in order, from the oldest, with all their fields', async () => {
  await publish(450)
  const broker = new TestBroker()
  await start(broker)
  await until(isUpToDate)
  expect(broker.payloads).toEqual(upTo(450))
  expect(broker.batches.length).toBeGreaterThan(1)
  const { rows } = await store.client.query(
    `select id, service, event, key, payload, traceparent, coalesce(subjects, '{}') as subjects, published_at
     from holdfast.messages order by seq`,
  )
  expect(broker.batches.flat()).toEqual(
    rows.map(({ published_at, ...row }) => ({ ...row, publishedAt: published_at })),
  )
  expect(await rowOf()).toMatchObject({ handled_at: expect.any(Date), failure: null })
})

test('a relay of some events sends only messages of these events', async () => {
  const broker = new TestBroker()
  await start(broker, { events: [Other as EventType] })
  await publish(250)
  await publish(3, Other)
  await publish(250)
  await until(isUpToDate)
  expect(broker.batches.map((batch) => batch.map((message) => message.event))).toEqual([
    ['thing.other', 'thing.other', 'thing.other'],
  ])
})

test('several processes send each message once, one batch at a time', async () => {
  const broker = new TestBroker()
  let sending = 0
  let most = 0
  broker.onSend = async () => {
    most = Math.max(most, (sending += 1))
    await store.client.query('select pg_sleep(0.005)')
    sending -= 1
  }
  for (let n = 0; n < 4; n += 1) await start(broker)
  for (let n = 0; n < 10; n += 1) {
    await publish(30)
    for (const one of running) one.wake()
  }
  await until(isUpToDate)
  expect(broker.payloads).toEqual(upTo(300).map((n) => n % 30))
  expect(most).toBe(1)
})

test('relays with different names do not wait for each other', async () => {
  const stuck = new TestBroker()
  stuck.onSend = (_, signal) =>
    new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
  const broker = new TestBroker()
  await start(stuck, { name: 'stuck' })
  await start(broker, { name: 'free' })
  await publish(10)
  await until(() => isUpToDate('free'))
  expect(broker.payloads).toEqual(upTo(10))
  expect(await until(() => rowOf('stuck'))).toMatchObject({ position: '0' })
})

test('a broker that is unreachable is retried, and reported once: in the log and in the row', async () => {
  const broker = new TestBroker()
  let attempts = 0
  broker.onConnect = () => {
    attempts += 1
    if (attempts <= 4) away()
  }
  await start(broker)
  await publish(10)
  const failed = await until(async () => (await rowOf())?.failure).catch(() => undefined)
  await until(isUpToDate)
  expect(failed).toEqual({ code: 'broker-unreachable', message: 'It is away.', at: expect.any(String) })
  expect(broker.payloads).toEqual(upTo(10))
  expect(attempts).toBe(5)
  expect(told('warn')).toEqual(['relay is failing; retrying, no messages are lost'])
  expect(told('info')).toEqual(['relay recovered'])
  expect((await rowOf())?.failure).toBe(null)
})

test('a failure is reported again when it changes', async () => {
  const broker = new TestBroker()
  let attempts = 0
  broker.onConnect = () => {
    attempts += 1
    if (attempts <= 2) away()
    if (attempts <= 4) throw new HoldfastError('broker-refused', 'It says no.')
  }
  await start(broker)
  await publish(1)
  await until(isUpToDate)
  expect(
    store.lines.filter(({ level }) => level === 'warn').map(({ error }) => (error as { code: string }).code),
  ).toEqual(['broker-unreachable', 'broker-refused'])
})

test('unconfirmed messages are sent again over a new connection, in order', async () => {
  const broker = new TestBroker()
  const seen: unknown[][] = []
  broker.onSend = (messages) => {
    seen.push(messages.map(({ payload }) => payload))
    if (seen.length === 1) away()
  }
  await publish(10)
  await start(broker)
  await until(isUpToDate)
  expect(seen).toEqual([upTo(10), upTo(10)])
  expect(broker.connections).toEqual({ opened: 2, closed: 1 })
})

test('a batch during which the session is lost is sent again, and no later message is lost', async () => {
  const broker = new TestBroker()
  let kills = 0
  broker.onSend = async () => {
    if ((kills += 1) > 1) return
    await store.client.query(
      `select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted and pid <> pg_backend_pid()
       and database = (select oid from pg_database where datname = current_database())`,
    )
  }
  await publish(10)
  await start(broker)
  await until(isUpToDate)
  expect(broker.payloads).toEqual([...upTo(10), ...upTo(10)])
})

test('a relay that is moved while it sends continues at its new position', async () => {
  await publish(10)
  const broker = new TestBroker()
  broker.onSend = async () => {
    if (broker.batches.length > 0) return
    await store.client.query(`update holdfast.subscriptions set position = position - 3 where name = 'out'`)
  }
  await until(lastPosition)
  const { rows } = await store.client.query<{ half: string }>(
    'select position as half from holdfast.messages order by seq offset 4 limit 1',
  )
  await store.client.query(
    `insert into holdfast.subscriptions (service, kind, name, publisher, position)
     values ($1, 'relay', 'out', $1, $2)`,
    [testService, rows[0]!.half],
  )
  await start(broker)
  await until(isUpToDate)
  expect(broker.payloads).toEqual([5, 6, 7, 8, 9, 2, 3, 4, 5, 6, 7, 8, 9])
})

test('a stop of a relay ends even if the broker hangs, and loses no message', async () => {
  const broker = new TestBroker()
  let hangs = 0
  // The broker ignores even the signal that aborts a send.
  broker.onSend = () => new Promise(() => void (hangs += 1))
  const one = await start(broker)
  await publish(5)
  await until(() => hangs === 1)
  await one.stop()
  expect(broker.connections).toEqual({ opened: 1, closed: 1 })

  const another = new TestBroker()
  await start(another)
  await until(isUpToDate)
  expect(another.payloads).toEqual(upTo(5))
})
