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
 * Returns the delay after the nth failure of a job, in milliseconds: random below a bound that
 * doubles with each failure, which spreads out jobs that failed together ("full jitter",
 * https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
 */
export function retryDelayMs(policy: RetryPolicy, failures: number, random: number = Math.random()): number {
  const fixed = policy.schedule?.[failures - 1]
  if (fixed !== undefined) return toMilliseconds(fixed)
  const firstMs = toMilliseconds(policy.initialDelay ?? defaultFirst)
  const maxMs = toMilliseconds(policy.maxDelay ?? defaultLongest)
  return random * Math.min(maxMs, firstMs * 2 ** (failures - 1))
}
