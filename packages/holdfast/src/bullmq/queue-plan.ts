import type { RateLimiterOptions } from 'bullmq'
import { toMilliseconds } from '../kernel/duration.ts'
import type { Job } from '../kernel/job.ts'
import type { JobType } from '../kernel/job-type.ts'

/** A queue of BullMQ, and what is limited in it. */
export interface PlannedQueue {
  readonly name: string
  /** How many of its jobs one process runs at once. */
  readonly concurrency: number
  /** How many all processes together do; absent: any number. */
  readonly globalConcurrency?: number
  readonly limiter?: RateLimiterOptions
}

/** Which queues there are, and which job is in which. */
export interface QueuePlan {
  /** What they are all called after. */
  readonly base: string
  readonly queues: readonly PlannedQueue[]
  queueOf(job: string): string
}

/**
 * Plans queues: one for all jobs without limits, so that their priorities count among all of them, and one of its own for each job with a
 * limit, since BullMQ limits queues.
 */
export function planQueues(base: string, jobs: Iterable<Job>, concurrency: number): QueuePlan {
  const own = new Map<string, PlannedQueue>()
  for (const job of jobs) {
    // BullMQ takes no colon in the name of a queue.
    if (job.concurrency ?? job.rate)
      own.set(job.name, limitedQueue(`${base}-${job.name.replaceAll(':', '.')}`, job, concurrency))
  }
  return {
    base,
    queues: [{ name: base, concurrency }, ...own.values()],
    queueOf: (job) => own.get(job)?.name ?? base,
  }
}

function limitedQueue(name: string, { concurrency, rate }: JobType, most: number): PlannedQueue {
  return {
    name,
    concurrency: Math.min(concurrency?.limit ?? most, most),
    ...(concurrency ? { globalConcurrency: concurrency.limit } : {}),
    ...(rate ? { limiter: toLimiter(rate.limit, toMilliseconds(rate.per)) } : {}),
  }
}

// Shorter ones would be rounded to much fewer jobs, in whole milliseconds.
const shortestWindowMs = 20

/** BullMQ lets `max` jobs go at the beginning of each window: short windows spread them. */
function toLimiter(limit: number, perMs: number): RateLimiterOptions {
  const intervalMs = perMs / limit
  const max = Math.max(1, Math.ceil(shortestWindowMs / intervalMs))
  return { max, duration: Math.ceil(max * intervalMs) }
}
