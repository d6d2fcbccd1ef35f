import { expect, test } from 'vitest'
import type { MissedTicks } from 'holdfast'
import { dueTicks, timesOf } from './ticks.ts'

const ticksOf = (
  [cron, timeZone]: readonly [string, string],
  [after, now]: readonly [string, string],
  missed: MissedTicks = 'all',
): readonly string[] =>
  dueTicks(timesOf({ name: 'tested', cron, timeZone }), {
    after: new Date(after),
    now: new Date(now),
    missed,
  }).map((tick) => tick.toISOString())

test('ticks are those of the time zone, through both changes of its clocks', () => {
  expect(ticksOf(['30 2 * * *', 'UTC'], ['2026-03-28T00:00Z', '2026-03-30T00:00Z'])).toEqual([
    '2026-03-28T02:30:00.000Z',
    '2026-03-29T02:30:00.000Z',
  ])
  // On 29 March there is no 02:30 in Berlin; on 25 October there are two.
  const spring = ticksOf(['30 2 * * *', 'Europe/Berlin'], ['2026-03-28T12:00Z', '2026-03-30T12:00Z'])
  expect(spring.at(-1)).toBe('2026-03-30T00:30:00.000Z')
  expect(spring).toHaveLength(2)
  expect(ticksOf(['30 2 * * *', 'Europe/Berlin'], ['2026-10-24T12:00Z', '2026-10-25T12:00Z'])).toHaveLength(1)
})

test.each<[MissedTicks, readonly string[]]>([
  ['all', ['2026-01-01T01:00:00.000Z', '2026-01-01T02:00:00.000Z', '2026-01-01T03:00:00.000Z']],
  ['once', ['2026-01-01T03:00:00.000Z']],
  ['skip', []],
])('of ticks that nobody was there for, %s are made up for', (missed, expected) => {
  expect(ticksOf(['0 * * * *', 'UTC'], ['2026-01-01T00:30Z', '2026-01-01T03:30Z'], missed)).toEqual(expected)
})

test('a tick that is a little late is not missed', () => {
  const due = ['2026-01-01T01:00:00.000Z']
  expect(ticksOf(['0 * * * *', 'UTC'], ['2026-01-01T00:59Z', '2026-01-01T01:00:20Z'], 'skip')).toEqual(due)
  expect(ticksOf(['0 * * * *', 'UTC'], ['2026-01-01T01:00Z', '2026-01-01T01:00:20Z'])).toEqual([])
})

test.each([
  ['0 0 3 * * *', 'UTC', 'six fields|6 fields'],
  ['61 * * * *', 'UTC', 'cannot be read'],
  ['0 3 * * *', 'Europe/Atlantis', 'time zone "Europe/Atlantis"'],
])('%s in %s is refused', (cron, timeZone, message) => {
  expect(() => timesOf({ name: 'tested', cron, timeZone })).toThrow(new RegExp(message))
})
