import type { RedisOptions } from 'ioredis'
import { HoldfastError } from '../../kernel/base/holdfast-error.ts'

export function redisUnreachable({ path, host, port }: RedisOptions, cause: unknown): HoldfastError {
  return new HoldfastError(
    'broker-unreachable',
    `Cannot connect to Redis, where BullMQ stores its queues, at ${path ?? `${host}:${port}`}: ${reasonOf(cause)}. Start Redis, or fix the connection passed to bullmq({ … }) or bullmqJobs({ … }).`,
    { cause },
  )
}

export function messageRefused(queue: string, id: string, cause: unknown): HoldfastError {
  return new HoldfastError(
    'broker-refused',
    `Redis rejected the message ${id} for the BullMQ queue "${queue}": ${reasonOf(cause)}. Check the memory limit of Redis and the user's permissions; the message is sent again until it is accepted.`,
    { cause },
  )
}

export function jobsRefused(cause: unknown): HoldfastError {
  return new HoldfastError(
    'broker-refused',
    `Redis rejected jobs for the BullMQ queues of the service: ${reasonOf(cause)}. Check the memory limit of Redis and the user's permissions; the jobs are sent again until they are accepted.`,
    { cause },
  )
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
