import type { RateLimiterOptions } from 'bullmq'
import { toMilliseconds } from '../../kernel/base/duration.ts'
import type { Job } from '../../kernel/background/job.ts'
import type { JobType } from '../../kernel/background/job-type.ts'

/** A BullMQ queue and its limits. */
export interface PlannedQueue {
  readonly name: string
  /** Max number of the queue's jobs that one process runs at once. */
  readonly concurrency: number
  /**
   * Max number of the queue's jobs that all processes together run at once. Absent if there is no
   * limit.
   */
  readonly globalConcurrency?: number
  readonly limiter?: RateLimiterOptions
}

/** The queues, and the assignment of jobs to them. */
export interface QueuePlan {
  /** The beginning of all queue names. */
  readonly base: string
  readonly queues: readonly PlannedQueue[]
  queueOf(job: string): string
}

/**
 * Plans the queues. All jobs without limits share one queue, so that priorities apply across them.
 * Each job with a limit has a separate queue, because BullMQ limits whole queues.
 */
export function planQueues(base: string, jobs: Iterable<Job>, concurrency: number): QueuePlan {
  const own = new Map<string, PlannedQueue>()
  for (const job of jobs) {
    // BullMQ does not allow colons in queue names.
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
    ...(rate ? { limiter: toLimiter(rate.limit, toMilliseconds(rate.per, { option: 'rate.per' })) } : {}),
  }
}

// Min length of a window. In a shorter window, rounding to whole milliseconds would distort the
// rate too much.
const shortestWindowMs = 20

/**
 * Returns the limiter for a rate. BullMQ starts up to `max` jobs at the beginning of each window,
 * so short windows spread the starts.
 */
function toLimiter(limit: number, perMs: number): RateLimiterOptions {
  const intervalMs = perMs / limit
  const max = Math.max(1, Math.ceil(shortestWindowMs / intervalMs))
  return { max, duration: Math.ceil(max * intervalMs) }
}
