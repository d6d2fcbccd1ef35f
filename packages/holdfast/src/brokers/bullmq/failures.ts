import type { RedisOptions } from 'ioredis'
import { HoldfastError } from '../../kernel/base/holdfast-error.ts'

export function redisUnreachable({ path, host, port }: RedisOptions, cause: unknown): HoldfastError {
  return new HoldfastError(
    'broker-unreachable',
    `Redis, which BullMQ keeps its queues in, cannot be reached at ${path ?? `${host}:${port}`}: ${reasonOf(cause)}. Start it, or mend the connection that bullmq({ … }) or bullmqJobs({ … }) is given.`,
    { cause },
  )
}

export function messageRefused(queue: string, id: string, cause: unknown): HoldfastError {
  return new HoldfastError(
    'broker-refused',
    `Redis has not taken the message ${id} into the BullMQ queue "${queue}": ${reasonOf(cause)}. See its memory limit and the permissions of the user; it is sent again until it is taken.`,
    { cause },
  )
}

export function jobsRefused(cause: unknown): HoldfastError {
  return new HoldfastError(
    'broker-refused',
    `Redis has not taken jobs into the BullMQ queues of the service: ${reasonOf(cause)}. See its memory limit and the permissions of the user; they are handed over again until they are taken.`,
    { cause },
  )
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
