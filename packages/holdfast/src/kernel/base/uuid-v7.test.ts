import { afterEach, describe, expect, test, vi } from 'vitest'
import { isUuid } from './uuid.ts'
import { uuidv7 } from './uuid-v7.ts'

afterEach(() => {
  vi.useRealTimers()
})

const fields = (uuid: string): { readonly timeMs: number; readonly counter: number } => {
  const [high = '', low = '', first = '', second = ''] = uuid.split('-')
  return {
    timeMs: Number.parseInt(high + low, 16),
    counter: (Number.parseInt(first, 16) & 0xf_ff) * 0x40_00 + (Number.parseInt(second, 16) & 0x3f_ff),
  }
}

/** Sets the clock later than the time of any UUID so far, and returns the new time. */
function later(): number {
  const nowMs = fields(uuidv7()).timeMs + 60_000
  vi.useFakeTimers({ now: nowMs, toFake: ['Date'] })
  return nowMs
}

describe('a UUID of version 7', () => {
  test('a UUID of version 7 has the version, the variant and the time', () => {
    const nowMs = later()
    const uuid = uuidv7()
    expect(isUuid(uuid)).toBe(true)
    expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(fields(uuid).timeMs).toBe(nowMs)
  })

  test('a UUID of version 7 is greater than the previous one, within and across milliseconds', () => {
    const uuids = Array.from({ length: 20_000 }, () => uuidv7())
    expect(uuids.toSorted()).toEqual(uuids)
    expect(new Set(uuids).size).toBe(uuids.length)
  })

  test('a UUID of version 7 is greater than the previous one when the clock is set back', () => {
    const nowMs = later()
    const before = uuidv7()
    vi.setSystemTime(nowMs - 3_600_000)
    const after = uuidv7()
    expect(after > before).toBe(true)
    expect(fields(after)).toEqual({ timeMs: nowMs, counter: fields(before).counter + 1 })
  })

  test('a UUID of version 7 counts up from a random number with room above it, and ends in random bits', () => {
    const starts = Array.from({ length: 500 }, () => {
      later()
      return uuidv7()
    })
    const counters = starts.map((uuid) => fields(uuid).counter)
    expect(new Set(counters).size).toBeGreaterThan(490)
    expect(Math.max(...counters)).toBeLessThan(2 ** 25)
    expect(Math.max(...counters)).toBeGreaterThan(2 ** 24)
    expect(new Set(starts.map((uuid) => uuid.slice(24))).size).toBe(starts.length)
  })
})
