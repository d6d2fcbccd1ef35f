import { expect, test } from 'vitest'
import { formatAge } from './format-time.ts'

const now = new Date('2026-01-31T12:00:00Z')

test.each([
  [0, '0s'],
  [-59_999, '59s'],
  [-60_000, '1m'],
  [-7_200_000, '2h'],
  [-172_800_000, '2d'],
  // The clocks of two machines differ a little, so this time does not count as future.
  [500, '0s'],
  [300_000, 'in 5m'],
])('a time %d ms away is %s', (ms, shown) => {
  expect(formatAge(new Date(now.getTime() + ms), now)).toBe(shown)
})
