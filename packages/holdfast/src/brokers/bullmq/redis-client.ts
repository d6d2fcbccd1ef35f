import { Redis, type RedisOptions } from 'ioredis'
import { abortable } from '../../kernel/base/cancellation.ts'
import { redisUnreachable } from './failures.ts'

const firstRetryMs = 100
const maxRetryMs = 2_000

/** A connected Redis client. */
export interface ConnectedRedis {
  readonly client: Redis
  /** Returns the error that closed the last lost connection, if any. */
  readonly lastError: () => unknown
}

/**
 * Connects to Redis for sending. The client reconnects by itself. While the client is disconnected,
 * commands fail immediately.
 *
 * @throws HoldfastError `broker-unreachable`.
 */
export async function connectRedis(
  connection: string | RedisOptions,
  signal: AbortSignal,
): Promise<ConnectedRedis> {
  const client = openRedis(connection, {
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
  })
  let lastError: unknown
  client.on('error', (error) => {
    lastError = error
  })
  try {
    await abortable(client.connect(), signal)
  } catch (error) {
    client.disconnect()
    throw signal.aborted ? error : redisUnreachable(client.options, lastError ?? error)
  }
  return { client, lastError: () => lastError }
}

/** Creates a Redis client. `own` overrides the user's options. */
export function openRedis(connection: string | RedisOptions, own: RedisOptions): Redis {
  const defaults: RedisOptions = {
    connectionName: 'holdfast',
    retryStrategy: (times) => Math.min(maxRetryMs, times * firstRetryMs),
  }
  // BullMQ expects this form of replies.
  const fixed = { ...own, replyMapping: 'legacy' } as const
  if (typeof connection === 'string') return new Redis(connection, { ...defaults, ...fixed })
  return new Redis({ ...defaults, ...connection, ...fixed })
}
