import { jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { natsTool, startNats } from '../../../test/nats-server.ts'
import type { TestServer } from '../../../test/test-server.ts'
import type { RelayedMessage } from '../../kernel/background/relay.ts'
import { brokerConformance } from '../../effects/messages/broker-conformance.fixture.ts'
import type { BrokerMessage } from '../../effects/messages/broker-message.ts'
import { nats } from './nats.ts'
import type { NatsOptions } from './nats-options.ts'
import { testHost } from '../../../test/test-host.ts'

const host = testHost()

async function storedIn(
  stream: string,
  port: number,
): Promise<readonly { subject: string; message: BrokerMessage }[]> {
  const client = await connect({ port })
  try {
    const { streams } = await jetstreamManager(client)
    const { state } = await streams.info(stream)
    const found: { subject: string; message: BrokerMessage }[] = []
    for (let seq = state.first_seq; seq <= state.last_seq; seq += 1) {
      const stored = await streams.getMessage(stream, { seq })
      if (stored) found.push({ subject: stored.subject, message: stored.json<BrokerMessage>() })
    }
    return found
  } finally {
    await client.close()
  }
}

const { missing } = await natsTool()

brokerConformance('nats', {
  missing,
  async start() {
    const server = await startNats()
    return {
      ...server,
      broker: nats({
        servers: `nats://127.0.0.1:${server.port}`,
        stream: 'things',
        createStream: { subjects: ['thing.>'] },
      }),
      taken: async () => (await storedIn('things', server.port)).map(({ message }) => message),
    }
  },
  absent: nats({ servers: 'nats://ann:secret@127.0.0.1:9' }),
  unreachable: /^Cannot connect to NATS at nats:\/\/127\.0\.0\.1:9: .*Start NATS, or fix the servers/,
})

describe.skipIf(missing)('nats', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startNats()
  })
  afterAll(() => server.stop())

  const servers = (): string => `127.0.0.1:${server.port}`
  const message: RelayedMessage = {
    id: '0197f0a0-0000-7000-8000-000000000001',
    service: 'shop',
    event: 'order.placed',
    key: 'a',
    payload: 1,
    publishedAt: new Date(),
    traceparent: undefined,
    tenant: undefined,
    subjects: [],
  }

  async function send(options: Omit<NatsOptions, 'servers'>): Promise<void> {
    const signal = AbortSignal.timeout(5_000)
    const connection = await nats({ servers: servers(), ...options }).connect(host, signal)
    try {
      await connection.send([message], signal)
    } finally {
      await connection.close()
    }
  }

  test('nats reports a missing stream, and creates no stream unless configured', async () => {
    await expect(send({ stream: 'orders' })).rejects.toMatchObject({
      code: 'nats-stream-missing',
      message: expect.stringMatching(/^NATS has no stream "orders"\. Create the stream/),
    })
    await send({ stream: 'orders', createStream: { subjects: ['order.*'] } })
    await send({ stream: 'orders', createStream: { subjects: ['ignored'] } })
    expect((await storedIn('orders', server.port)).map(({ subject }) => subject)).toEqual(['order.placed'])
  })

  test('nats reports a subject without a stream', async () => {
    await expect(send({ subject: ({ event }) => `nobody.${event}` })).rejects.toMatchObject({
      code: 'nats-stream-missing',
      message: expect.stringMatching(/^NATS has no stream for the subject "nobody\.order\.placed"/),
    })
  })

  test('nats reports why a message was rejected', async () => {
    await send({
      stream: 'full',
      createStream: { subjects: ['full.>'], max_msg_size: 10 },
      subject: () => 'full.1',
    }).then(
      () => expect.fail('it was taken'),
      (error: unknown) =>
        expect(error).toMatchObject({
          code: 'broker-refused',
          message: expect.stringMatching(
            /^NATS rejected the message 0197f0a0-\S+ with the subject "full\.1": .*size/,
          ),
        }),
    )
  })

  test('nats reports why a stream was not created', async () => {
    await expect(
      send({ stream: 'any', createStream: { subjects: ['not a subject'] } }),
    ).rejects.toMatchObject({
      code: 'broker-refused',
      message: expect.stringMatching(/^NATS refused to show or create the stream "any": .*subject/),
    })
  })

  test('nats rejects a message that a stream other than the configured one would store', async () => {
    await send({ stream: 'one', createStream: { subjects: ['one.>'] }, subject: () => 'one.1' })
    await send({ stream: 'two', createStream: { subjects: ['two.>'] }, subject: () => 'two.1' })
    await expect(send({ stream: 'one', subject: () => 'two.2' })).rejects.toMatchObject({
      code: 'broker-refused',
    })
  })

  test('nats reports that JetStream is missing', async () => {
    const plain = await startNats({ jetStream: false })
    try {
      const broker = nats({ servers: `127.0.0.1:${plain.port}`, stream: 'things' })
      await expect(broker.connect(host, AbortSignal.timeout(5_000))).rejects.toMatchObject({
        code: 'nats-stream-missing',
        message: expect.stringMatching(/^NATS has no JetStream/),
      })
    } finally {
      await plain.stop()
    }
  })
})
