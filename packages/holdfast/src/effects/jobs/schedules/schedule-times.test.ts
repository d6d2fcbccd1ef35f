import { expect, test } from 'vitest'
import { ScheduleTimes } from './schedule-times.ts'
import { TimeZone } from './time-zone.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs
const [from, until] = [Date.UTC(2017, 0, 1), Date.UTC(2027, 0, 1)]

interface Change {
  readonly zone: string
  readonly atMs: number
  /** The offsets from UTC before and after the change. */
  readonly beforeMs: number
  readonly afterMs: number
}

/** Finds the clock changes of a zone; no two are within 25 days of each other. */
function changesOf(zone: string): readonly Change[] {
  const clock = new TimeZone(zone)
  const changes: Change[] = []
  let beforeMs = clock.offsetAt(from)
  for (let ms = from; ms < until; ms += 25 * dayMs) {
    const afterMs = clock.offsetAt(ms + 25 * dayMs)
    if (afterMs === beforeMs) continue
    let [low, high] = [ms, ms + 25 * dayMs]
    while (high - low > minuteMs) {
      const middle = low + Math.floor((high - low) / 2 / minuteMs) * minuteMs
      if (clock.offsetAt(middle) === beforeMs) low = middle
      else high = middle
    }
    changes.push({ zone, atMs: high, beforeMs, afterMs })
    beforeMs = afterMs
  }
  return changes
}

function ticksAround(cron: string, { zone, atMs }: Change, aroundMs: number): readonly number[] {
  const times = new ScheduleTimes(cron, zone)
  const ticks: number[] = []
  let tick = times.next(atMs - aroundMs)
  while (tick !== undefined && tick <= atMs + aroundMs) {
    ticks.push(tick)
    expect(times.previous(tick)).toBe(tick)
    tick = times.next(tick)
  }
  return ticks
}

const changes = Intl.supportedValuesOf('timeZone').flatMap(changesOf)
/**
 * Keeps the first of several equal changes, which have the same instant and offsets and differ only
 * in the zone name.
 */
const distinct = [
  ...new Map(
    changes.map((change) => [`${change.atMs} ${change.beforeMs} ${change.afterMs}`, change]),
  ).values(),
]
const wallAt = ({ atMs, beforeMs, afterMs }: Change, ms: number): number =>
  ms + (ms < atMs ? beforeMs : afterMs)

test('a time of day that does not exist, or exists twice, is due once, in every zone', () => {
  const wrong: string[] = []
  for (const change of distinct) {
    const { zone, atMs, beforeMs, afterMs } = change
    const middleMs = Math.floor((atMs + (beforeMs + afterMs) / 2) / minuteMs) * minuteMs
    const time = new Date(middleMs)
    const expected = afterMs > beforeMs ? atMs : middleMs - beforeMs
    const found = ticksAround(
      `${time.getUTCMinutes()} ${time.getUTCHours()} * * *`,
      change,
      12 * hourMs - 2 * Math.abs(afterMs - beforeMs),
    )
    if (found.length !== 1 || found[0] !== expected)
      wrong.push(
        `${zone} ${new Date(atMs).toISOString()} ${time.toISOString()}: ${found.map((ms) => new Date(ms).toISOString()).join()}`,
      )
  }
  expect(wrong).toEqual([])
  expect(distinct.length).toBeGreaterThan(200)
})

test('an interval continues by local time, in every zone', () => {
  const wrong: string[] = []
  for (const change of distinct) {
    const { zone, atMs } = change
    const expected: number[] = []
    for (let ms = atMs - 3 * hourMs + minuteMs; ms <= atMs + 3 * hourMs; ms += minuteMs)
      if (wallAt(change, ms) % (20 * minuteMs) === 0) expected.push(ms)
    const found = ticksAround('*/20 * * * *', change, 3 * hourMs)
    if (JSON.stringify(found) !== JSON.stringify(expected))
      wrong.push(`${zone} ${new Date(atMs).toISOString()}`)
  }
  expect(wrong).toEqual([])
})

const iso = (cron: string, zone: string, [after, to]: readonly [string, string]): readonly string[] => {
  const times = new ScheduleTimes(cron, zone)
  const ticks: string[] = []
  for (
    let tick = times.next(Date.parse(after));
    tick !== undefined && tick <= Date.parse(to);
    tick = times.next(tick)
  )
    ticks.push(new Date(tick).toISOString().slice(11, 16))
  return ticks
}

test.each([
  // In Berlin, on 29 March 2026, the clock goes from 02:00 to 03:00: at 01:00 UTC.
  ['*/20 2 * * *', ['01:00']],
  ['30 1-3 * * *', ['00:30', '01:00', '01:30']],
  ['0 2,3 * * *', ['01:00']],
  ['*/30 * * * *', ['00:30', '01:00', '01:30']],
  ['0 * * * *', ['01:00']],
  ['0 */2 * * *', []],
])('%s is due at %j on the day on which an hour is missing', (cron, expected) => {
  expect(iso(cron, 'Europe/Berlin', ['2026-03-29T00:00Z', '2026-03-29T01:45Z'])).toEqual(expected)
})

test.each([
  // On 25 October 2026, the clock goes from 03:00 to 02:00, at 01:00 UTC. So 02:00 occurs twice: at
  // 00:00 and at 01:00 UTC.
  ['*/20 2 * * *', ['00:00', '00:20', '00:40']],
  ['30 1-3 * * *', ['00:30', '02:30']],
  ['*/30 * * * *', ['00:00', '00:30', '01:00', '01:30', '02:00', '02:30']],
  ['0 0-23 * * *', ['00:00', '01:00', '02:00']],
])('%s is due at %j on the day on which an hour occurs twice', (cron, expected) => {
  expect(iso(cron, 'Europe/Berlin', ['2026-10-24T23:45Z', '2026-10-25T02:45Z'])).toEqual(expected)
})

test('times in a gap that ends at midnight are not lost', () => {
  // In Nuuk, on 28 March 2026, the clock goes from 23:00 to the next day.
  expect(iso('30 23 28 3 *', 'America/Nuuk', ['2026-03-28T00:00Z', '2026-03-30T00:00Z'])).toEqual(['01:00'])
})
