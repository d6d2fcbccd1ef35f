import { Redis, type RedisOptions } from 'ioredis'
import { untilAborted } from '../kernel/cancellation.ts'
import { redisUnreachable } from './failures.ts'

const firstRetryMs = 100
const longestRetryMs = 2_000

/** A client that is connected. */
export interface ConnectedRedis {
  readonly client: Redis
  /** Why the connection was lost last, if it was. */
  readonly lastError: () => unknown
}

/**
 * Connects to Redis in order to send. It connects again by itself; what cannot be sent meanwhile fails at once.
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
    await untilAborted(client.connect(), signal)
  } catch (error) {
    client.disconnect()
    throw signal.aborted ? error : redisUnreachable(client.options, lastError ?? error)
  }
  return { client, lastError: () => lastError }
}

/** Opens a client of Redis; `own` is what is not up to the options. */
export function openRedis(connection: string | RedisOptions, own: RedisOptions): Redis {
  const defaults: RedisOptions = {
    connectionName: 'holdfast',
    retryStrategy: (times) => Math.min(longestRetryMs, times * firstRetryMs),
  }
  // The shapes of replies that BullMQ reads.
  const fixed = { ...own, replyMapping: 'legacy' } as const
  if (typeof connection === 'string') return new Redis(connection, { ...defaults, ...fixed })
  return new Redis({ ...defaults, ...connection, ...fixed })
}
