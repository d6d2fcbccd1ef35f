import { fullJitterMs } from '../base/backoff.ts'
import { toMilliseconds } from '../base/duration.ts'
import type { RetryPolicy } from './job-type.ts'

const defaultAttempts = 20
const defaultFirst = '1s'
const defaultLongest = '1h'

/** Returns the max number of attempts of a job. */
export function maxAttempts({ attempts, schedule }: RetryPolicy): number {
  return schedule ? schedule.length + 1 : (attempts ?? defaultAttempts)
}

/**
 * Returns the delay after the nth failure of a job, in milliseconds: the delay from its policy's
 * schedule, or an exponential backoff with full jitter.
 */
export function retryDelayMs(policy: RetryPolicy, failures: number, random?: number): number {
  const fixed = policy.schedule?.[failures - 1]
  if (fixed !== undefined) return toMilliseconds(fixed, { option: 'retry.schedule' })
  const firstMs = toMilliseconds(policy.initialDelay ?? defaultFirst, { option: 'retry.initialDelay' })
  const maxMs = toMilliseconds(policy.maxDelay ?? defaultLongest, { option: 'retry.maxDelay' })
  return fullJitterMs({ firstMs, maxMs }, failures, random)
}
