import { expect, test } from 'vitest'
import { readRetryAfterMs } from './retry-after.ts'

const nowMs = Date.parse('2026-11-23T12:00:00Z')

test.each([
  ['120', 120_000],
  [' 5 ', 5_000],
  ['Mon, 23 Nov 2026 12:00:30 GMT', 30_000],
  ['Monday, 23-Nov-26 12:00:30 GMT', 30_000],
  ['Mon Nov 23 12:00:30 2026 GMT', 30_000],
])('parses %s', (header, expected) => {
  expect(readRetryAfterMs(header, nowMs)).toBe(expected)
})

test.each([
  undefined,
  '',
  '0',
  '-1',
  '1.5',
  'soon',
  '2027-01-01',
  'Mon, 23 Nov 2026 11:59:59 GMT',
  '99999999999999999999',
])('ignores %s', (header) => {
  expect(readRetryAfterMs(header, nowMs)).toBeUndefined()
})
