import { expect, test } from 'vitest'
import { maxAttempts, retryDelayMs } from './retry-delay.ts'

test('a schedule sets the delays and the number of attempts', () => {
  const policy = { schedule: ['1s', '1m'] } as const
  expect(maxAttempts(policy)).toBe(3)
  expect([1, 2].map((failures) => retryDelayMs(policy, failures, 0.5))).toEqual([1_000, 60_000])
})

test('without a schedule, the delays back off exponentially with full jitter, from 1s to 1h by default', () => {
  expect(maxAttempts({})).toBe(20)
  const random = [1, 2, 13].map((failures) => retryDelayMs({}, failures, 1))
  expect(random).toEqual([1_000, 2_000, 3_600_000])
  expect(retryDelayMs({}, 2, 0.25)).toBe(500)
  expect(retryDelayMs({ initialDelay: '10s', maxDelay: '15s' }, 2, 1)).toBe(15_000)
})
