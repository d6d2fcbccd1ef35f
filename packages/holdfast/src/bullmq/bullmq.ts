import { type JobsOptions, Queue } from 'bullmq'
import type { RedisOptions } from 'ioredis'
import type { Broker } from '../kernel/relay.ts'
import { BullMqConnection } from './bullmq-connection.ts'
import { connectRedis } from './redis-client.ts'

/** Options of {@link bullmq}. */
export interface BullMqOptions {
  /** Where Redis or Valkey is: `'redis://127.0.0.1:6379'`, or options of ioredis. */
  readonly connection: string | RedisOptions
  /** The queue that gets the messages. Default `'messages'`. */
  readonly queue?: string
  /** What stands before the queue's keys in Redis. Default `'bull'`, as BullMQ's own. */
  readonly prefix?: string
  /**
   * How the jobs are run and kept. BullMQ tells a message that it has from a new one only as long as it keeps its job. Default: those that have
   * succeeded are kept for a day, those that have failed for 30.
   */
  readonly jobOptions?: Omit<JobsOptions, 'jobId' | 'parent' | 'deduplication' | 'lifo'>
}

const day = 86_400
const keptByDefault: JobsOptions = { removeOnComplete: { age: day }, removeOnFail: { age: 30 * day } }

/**
 * BullMQ as the broker of a relay: each message becomes a job with the name of its event, the message as its data, and the message's id as its own,
 * by which BullMQ drops what it has. It counts as sent when Redis has answered; whether it outlives a crash of Redis is up to its `appendfsync`.
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
      jobs.on('error', (error) => log.debug({ queue, reason: error.message }, 'BullMQ told of an error'))
      return new BullMqConnection(client, jobs, lastError)
    },
  }
}
