import { expect, test } from 'vitest'
import { LongestTimeout } from './longest-timeout.ts'

test('the longest timeout is the max of the timeouts of the running jobs', () => {
  const timeouts = new LongestTimeout()
  expect(timeouts.ms).toBe(0)
  for (const ms of [1_000, 300_000, 300_000, 5_000]) timeouts.add(ms)
  expect(timeouts.ms).toBe(300_000)
  timeouts.remove(300_000)
  expect(timeouts.ms).toBe(300_000)
  timeouts.remove(300_000)
  expect(timeouts.ms).toBe(5_000)
  timeouts.remove(5_000)
  timeouts.remove(1_000)
  expect(timeouts.ms).toBe(0)
})
