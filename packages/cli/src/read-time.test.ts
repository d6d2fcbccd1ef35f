import { expect, test } from 'vitest'
import { readTime } from './read-time.ts'

const nowMs = Date.parse('2026-01-31T12:00:00Z')

test.each([
  ['2h', '2026-01-31T10:00:00.000Z'],
  ['30s', '2026-01-31T11:59:30.000Z'],
  ['2026-01-30', '2026-01-30T00:00:00.000Z'],
  ['2026-01-30T10:00Z', '2026-01-30T10:00:00.000Z'],
  ['2026-01-30T10:00:01.5+01:00', '2026-01-30T09:00:01.500Z'],
])('%s is a time', (text, time) => {
  expect(readTime(text, nowMs)?.toISOString()).toBe(time)
})

test.each(['', 'yesterday', '2026-13-01', '2026-01-30T10:00', '2', '-2h'])('%s is not a time', (text) => {
  expect(readTime(text, nowMs)).toBeUndefined()
})
