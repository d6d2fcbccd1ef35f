import { jetstream } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { until } from 'holdfast/testing'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { natsTool, startNats } from '../../../test/nats-server.ts'
import { event } from '../../kernel/background/event.ts'
import { relay } from '../../kernel/background/relay.ts'
import type { BrokerMessage } from '../../effects/messages/broker-message.ts'
import { createTestMessages, testService } from '../../effects/messages/messages.fixture.ts'
import { listSubscriptions } from '../../effects/messages/subscriptions-admin.ts'
import { nats } from './nats.ts'

const Counted = event('thing.counted', { payload: z.int() })
const { missing } = await natsTool()

/**
 * Returns all messages of the stream. Requests one more message than expected, so that a duplicate
 * would be found.
 */
async function consume(port: number, stream: string, count: number): Promise<readonly BrokerMessage[]> {
  const client = await connect({ port })
  try {
    const consumer = await jetstream(client, { timeout: 2_000 }).consumers.get(stream)
    const found: BrokerMessage[] = []
    for await (const message of await consumer.fetch({ max_messages: count + 1, expires: 1_000 }))
      found.push(message.json<BrokerMessage>())
    return found
  } finally {
    await client.close()
  }
}

test.skipIf(missing)(
  'messages that are committed while NATS is killed and restarted arrive, once and in order',
  async () => {
    const server = await startNats()
    await using store = await createTestMessages()
    const broker = nats({
      servers: `127.0.0.1:${server.port}`,
      stream: 'things',
      createStream: { subjects: ['thing.*'] },
    })
    const pump = await store.pump({ relays: [relay({ name: 'out', to: broker })] })
    try {
      const keys = ['a', 'b', 'c']
      for (let n = 0; n < 60; n += 1) {
        await Promise.all(keys.map((key) => store.publish(Counted, key, n)))
        pump.published({ service: testService, names: undefined })
        if (n === 20) await server.kill()
        if (n === 40) {
          await until(async () => (await listSubscriptions(store.client))[0]?.failure)
          await server.restart()
        }
      }
      await until(async () => (await listSubscriptions(store.client))[0]?.lagMessages === 0)
      const arrived = await consume(server.port, 'things', 180)
      expect(arrived).toHaveLength(180)
      for (const key of keys) {
        const payloads = arrived.filter((message) => message.key === key).map(({ payload }) => payload)
        expect(payloads).toEqual(Array.from({ length: 60 }, (_, n) => n))
      }
    } finally {
      await pump.stop()
      await server.stop()
    }
  },
)
