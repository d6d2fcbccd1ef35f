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
  }).ticks.map((tick) => tick.toISOString())

test('ticks follow the time zone, through both changes of its clocks', () => {
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
])('with missed: %j, the missed ticks that are enqueued are %j', (missed, expected) => {
  expect(ticksOf(['0 * * * *', 'UTC'], ['2026-01-01T00:30Z', '2026-01-01T03:30Z'], missed)).toEqual(expected)
})

test('a tick that is a little late is not missed', () => {
  const due = ['2026-01-01T01:00:00.000Z']
  expect(ticksOf(['0 * * * *', 'UTC'], ['2026-01-01T00:59Z', '2026-01-01T01:00:20Z'], 'skip')).toEqual(due)
  expect(ticksOf(['0 * * * *', 'UTC'], ['2026-01-01T01:00Z', '2026-01-01T01:00:20Z'])).toEqual([])
})

test.each<[MissedTicks, number, number]>([
  ['skip', 1, 0],
  ['once', 1, 0],
  ['all', 100, 1_340],
])(
  'after years of missed minutes, missed: %j enqueues %i in the first pass and %i later',
  (missed, first, rest) => {
    const times = timesOf({ name: 'tested', cron: '* * * * *', timeZone: 'Europe/Berlin' })
    const now = new Date('2026-06-01T12:00:30Z')
    const counts: number[] = []
    for (let after = new Date('2020-01-01T00:00Z'); after < now;) {
      const { ticks, doneUntil } = dueTicks(times, { after, now, missed })
      counts.push(ticks.length)
      after = doneUntil
    }
    expect(counts[0]).toBe(first)
    expect(counts.slice(1).reduce((sum, count) => sum + count, 0)).toBe(rest)
    expect(Math.max(...counts)).toBeLessThanOrEqual(100)
  },
)

test.each([
  ['0 0 30 2 *', 'UTC', 'is never due'],
  ['0 0 3 * * *', 'UTC', 'six fields|6 fields'],
  ['61 * * * *', 'UTC', 'invalid fields'],
  ['0 3 * * *', 'Europe/Atlantis', 'time zone "Europe/Atlantis"'],
])('%s in %s is rejected', (cron, timeZone, message) => {
  expect(() => timesOf({ name: 'tested', cron, timeZone })).toThrow(new RegExp(message))
})
