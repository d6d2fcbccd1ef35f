import { type JobsOptions, Queue } from 'bullmq'
import type { RedisOptions } from 'ioredis'
import type { Broker } from '../../kernel/background/relay.ts'
import { BullMqConnection } from './bullmq-connection.ts'
import { connectRedis } from './redis-client.ts'

/** Options of {@link bullmq}. */
export interface BullMqOptions {
  /** Address of Redis or Valkey: a URL such as `'redis://127.0.0.1:6379'`, or ioredis options. */
  readonly connection: string | RedisOptions
  /** Name of the queue that receives the messages. Default `'messages'`. */
  readonly queue?: string
  /** Prefix of the queue's keys in Redis. Default `'bull'`, the default of BullMQ. */
  readonly prefix?: string
  /**
   * BullMQ options for the jobs that carry the messages. BullMQ drops a duplicate message only
   * while it still has the first message's job, so do not remove jobs too soon. Default: succeeded
   * jobs are kept for a day, and failed jobs for 30 days.
   */
  readonly jobOptions?: Omit<JobsOptions, 'jobId' | 'parent' | 'deduplication' | 'lifo'>
}

const day = 86_400
const keptByDefault: JobsOptions = { removeOnComplete: { age: day }, removeOnFail: { age: 30 * day } }

/**
 * Uses BullMQ as the broker of a relay. Each message becomes a BullMQ job. The job's name is the
 * event, its data is the message, and its id is the message's id, by which BullMQ drops duplicates.
 *
 * A message counts as sent when Redis has replied. If Redis crashes, its `appendfsync` setting
 * determines whether the message is lost.
 *
 * @example
 * ```ts
 * relay({ name: 'redis', to: bullmq({ connection: 'redis://127.0.0.1:6379', queue: 'orders' }) })
 * ```
 */
export function bullmq({ connection, queue = 'messages', prefix, jobOptions }: BullMqOptions): Broker {
  return {
    name: 'bullmq',
    async connect({ log }, signal) {
      const { client, lastError } = await connectRedis(connection, signal)
      const jobs = new Queue(queue, {
        connection: client,
        ...(prefix === undefined ? {} : { prefix }),
        defaultJobOptions: { ...keptByDefault, ...jobOptions },
      })
      jobs.on('error', (error) => log.debug({ queue, reason: error.message }, 'BullMQ reported an error'))
      return new BullMqConnection(client, jobs, lastError)
    },
  }
}
