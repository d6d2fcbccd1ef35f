import { Queue, Worker } from 'bullmq'
import { until } from 'holdfast/testing'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { redisTool, startRedis } from '../../../test/redis-server.ts'
import type { TestServer } from '../../../test/test-server.ts'
import type { RelayedMessage } from '../../kernel/background/relay.ts'
import { brokerConformance } from '../../effects/messages/broker-conformance.fixture.ts'
import type { BrokerMessage } from '../../effects/messages/broker-message.ts'
import { bullmq, type BullMqOptions } from './bullmq.ts'
import { testHost } from '../../../test/test-host.ts'

const host = testHost()

/** Returns the messages of a queue, in the order in which they were added. */
async function waitingIn(queue: string, port: number): Promise<readonly BrokerMessage[]> {
  const client = new Redis({ port, maxRetriesPerRequest: null })
  const jobs = new Queue<BrokerMessage>(queue, { connection: client })
  try {
    return (await jobs.getWaiting()).map(({ data }) => data)
  } finally {
    await jobs.close()
    client.disconnect()
  }
}

const { missing } = await redisTool()

brokerConformance('bullmq', {
  missing,
  async start() {
    const server = await startRedis()
    return {
      ...server,
      broker: bullmq({ connection: `redis://127.0.0.1:${server.port}` }),
      taken: () => waitingIn('messages', server.port),
    }
  },
  absent: bullmq({ connection: 'redis://ann:secret@127.0.0.1:9' }),
  unreachable:
    /^Cannot connect to Redis, .* at 127\.0\.0\.1:9: connect ECONNREFUSED .*Start Redis, or fix the connection/,
})

describe.skipIf(missing)('bullmq', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server.stop())

  const message: RelayedMessage = {
    id: '0197f0a0-0000-7000-8000-000000000001',
    service: 'shop',
    event: 'order.placed',
    key: 'a',
    payload: 1,
    publishedAt: new Date('2026-01-02T03:04:05Z'),
    traceparent: undefined,
    tenant: undefined,
    subjects: [],
  }

  async function send(options: Omit<BullMqOptions, 'connection'> = {}): Promise<void> {
    const signal = AbortSignal.timeout(5_000)
    const connection = await bullmq({ connection: { port: server.port }, ...options }).connect(host, signal)
    try {
      await connection.send([message], signal)
    } finally {
      await connection.close()
    }
  }

  /** Runs a worker on a queue until it has completed one more job. */
  async function workOff(queue: string): Promise<unknown[]> {
    const done: unknown[] = []
    // BullMQ's worker does not close a connection passed to it.
    const connection = new Redis({ port: server.port, maxRetriesPerRequest: null })
    const worker = new Worker(queue, async ({ id, name, data }) => void done.push({ id, name, data }), {
      connection,
    })
    worker.on('error', () => {})
    try {
      await until(async () => (await waitingIn(queue, server.port)).length === 0 && done.length > 0)
      return done
    } finally {
      await worker.close()
      connection.disconnect()
    }
  }

  test('a BullMQ worker gets each message in a job that is named after the event', async () => {
    await send()
    expect(await workOff('messages')).toEqual([
      {
        id: message.id,
        name: 'order.placed',
        data: {
          id: message.id,
          event: 'order.placed',
          key: 'a',
          payload: 1,
          publishedAt: '2026-01-02T03:04:05.000Z',
        },
      },
    ])
  })

  test('a message that is sent again after its job has succeeded does not run again, as long as the job is kept', async () => {
    await send({ queue: 'kept' })
    await workOff('kept')
    await send({ queue: 'kept' })
    expect(await waitingIn('kept', server.port)).toEqual([])

    await send({ queue: 'removed', jobOptions: { removeOnComplete: true } })
    await workOff('removed')
    await send({ queue: 'removed' })
    expect(await waitingIn('removed', server.port)).toHaveLength(1)
  })

  test('bullmq reports why a message was rejected', async () => {
    const client = new Redis({ port: server.port })
    await client.config('SET', 'maxmemory', '1')
    try {
      await expect(send({ queue: 'full' })).rejects.toMatchObject({
        code: 'broker-refused',
        message: expect.stringMatching(
          /^Redis rejected the message 0197f0a0-\S+ for the BullMQ queue "full": .*OOM/,
        ),
      })
    } finally {
      await client.config('SET', 'maxmemory', '0')
      client.disconnect()
    }
  })
})
