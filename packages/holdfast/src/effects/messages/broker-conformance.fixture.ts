import { randomUUID } from 'node:crypto'
import { until } from 'holdfast/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Broker, BrokerConnection, RelayedMessage } from '../../kernel/background/relay.ts'
import type { BrokerMessage } from './broker-message.ts'
import { testHost } from '../../../test/test-host.ts'

/** A broker on a real server that a test controls. */
export interface BrokerUnderTest {
  readonly broker: Broker
  /** Returns all messages that the server has accepted, in the server's order. */
  taken(): Promise<readonly BrokerMessage[]>
  /** Kills the server with SIGKILL. */
  kill(): Promise<void>
  /** Starts the server again, on the same port and with the same data. */
  restart(): Promise<void>
  stop(): Promise<void>
}

/** Parameters of {@link brokerConformance}. */
export interface BrokerTrial {
  /**
   * The reason why the server is not available on this machine, in which case the tests are
   * skipped.
   */
  readonly missing: string | undefined
  readonly start: () => Promise<BrokerUnderTest>
  /** The same kind of broker at an address without a server. */
  readonly absent: Broker
  /** Pattern of the absent broker's error. */
  readonly unreachable: RegExp
}

const host = testHost()

function message(key: string, payload: number): RelayedMessage {
  return {
    id: randomUUID(),
    service: 'shop',
    event: 'thing.counted',
    key,
    payload,
    publishedAt: new Date('2026-01-02T03:04:05.678Z'),
    traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
    tenant: undefined,
    subjects: [],
  }
}

const many = (count: number): readonly RelayedMessage[] =>
  Array.from({ length: count }, (_, n) => message(`k${n % 7}`, n))

/** Registers the tests that every broker must pass. */
export function brokerConformance(name: string, { missing, start, absent, unreachable }: BrokerTrial): void {
  describe.skipIf(missing)(`${name} as a broker${missing === undefined ? '' : ` (${missing})`}`, () => {
    let tested: BrokerUnderTest
    const open: BrokerConnection[] = []
    beforeAll(async () => {
      tested = await start()
    })
    afterAll(async () => {
      for (const connection of open) await connection.close()
      await tested.stop()
    })

    async function connect(): Promise<BrokerConnection> {
      const connection = await tested.broker.connect(host, AbortSignal.timeout(5_000))
      open.push(connection)
      return connection
    }

    /**
     * Sends messages as a relay does: with a new connection for each attempt, until an attempt
     * succeeds.
     */
    function persist(messages: readonly RelayedMessage[]): Promise<unknown> {
      return until(
        async () => {
          const connection = await tested.broker.connect(host, AbortSignal.timeout(2_000))
          try {
            await connection.send(messages, AbortSignal.timeout(2_000))
            return true
          } finally {
            await connection.close()
          }
        },
        { every: '50ms' },
      )
    }

    async function takenOf(messages: readonly RelayedMessage[]): Promise<readonly BrokerMessage[]> {
      const ids = new Set(messages.map(({ id }) => id))
      return (await tested.taken()).filter(({ id }) => ids.has(id))
    }

    function expectInKeyOrder(taken: readonly BrokerMessage[], sent: readonly RelayedMessage[]): void {
      expect(taken).toHaveLength(sent.length)
      for (const [key, ofKey] of Map.groupBy(sent, (one) => one.key)) {
        const found = taken.filter((one) => one.key === key)
        expect(found.map(({ payload }) => payload)).toEqual(ofKey.map(({ payload }) => payload))
      }
    }

    test('a message arrives with all its fields', async () => {
      const one = {
        ...message('kéy 🎈 .*>', 1),
        payload: { text: '\0 \ud800 "\\ ü 🎈', list: [1, null, true] },
        tenant: 'acme',
      }
      const connection = await connect()
      await connection.send([one], AbortSignal.timeout(5_000))
      expect(await takenOf([one])).toEqual([
        {
          id: one.id,
          event: 'thing.counted',
          key: 'kéy 🎈 .*>',
          payload: one.payload,
          publishedAt: '2026-01-02T03:04:05.678Z',
          traceparent: one.traceparent,
          tenant: 'acme',
        },
      ])
    })

    test('all messages arrive, and messages of a key arrive in order', async () => {
      const messages = many(300)
      const connection = await connect()
      await connection.send(messages, AbortSignal.timeout(10_000))
      expectInKeyOrder(await takenOf(messages), messages)
    })

    test('a message is stored once, even if it is sent repeatedly', async () => {
      const messages = many(20)
      const connection = await connect()
      await connection.send(messages.slice(0, 15), AbortSignal.timeout(5_000))
      await connection.send(messages, AbortSignal.timeout(5_000))
      await persist(messages)
      expectInKeyOrder(await takenOf(messages), messages)
    })

    test('a killed broker keeps everything that it confirmed, and accepts the rest afterwards', async () => {
      const [before, during] = [many(100), many(200)]
      const connection = await connect()
      await connection.send(before, AbortSignal.timeout(5_000))
      const sending = connection.send(during, AbortSignal.timeout(1_500)).then(
        () => 'sent',
        () => 'failed',
      )
      await tested.kill()
      const outcome = await sending
      await tested.restart()
      const survived = await until(async () => {
        const taken = await takenOf([...before, ...during])
        return taken.length >= before.length && taken
      })
      expect(survived.length).toBeGreaterThanOrEqual(outcome === 'sent' ? 300 : 100)
      await persist(during)
      const taken = await takenOf([...before, ...during])
      expectInKeyOrder(taken, [...before, ...during])
    })

    test('a connection that was lost while idle is restored, or reports that it is lost', async () => {
      const messages = many(10)
      const connection = await connect()
      await tested.kill()
      await expect(connection.send(messages, AbortSignal.timeout(1_000))).rejects.toBeInstanceOf(Error)
      await tested.restart()
      await persist(messages)
      expectInKeyOrder(await takenOf(messages), messages)
    })

    test('an unreachable broker is reported with its address and a fix', async () => {
      await expect(absent.connect(host, AbortSignal.timeout(10_000))).rejects.toMatchObject({
        code: 'broker-unreachable',
        message: expect.stringMatching(unreachable),
      })
    })

    test('a connection closes quickly while the server is unreachable', async () => {
      const connection = await tested.broker.connect(host, AbortSignal.timeout(5_000))
      await tested.kill()
      const startedMs = performance.now()
      await connection.close()
      expect(performance.now() - startedMs).toBeLessThan(2_000)
      await tested.restart()
    })
  })
}
