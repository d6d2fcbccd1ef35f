import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { KeyRing, leafCount, type RingRow, widthFor } from './key-ring.ts'

const hourMs = 3_600_000
const minuteMs = 60_000
const dayMs = 24 * hourMs
const widthMs = widthFor(7 * dayMs)
const startMs = Date.UTC(2026, 0, 1)

/** Returns the ring of a process when the database's clock shows `nowMs`. */
function ringAt(nowMs: number, layout: Partial<RingRow> = {}): KeyRing {
  return new KeyRing({ width_ms: widthMs, since_ms: 0, now_ms: nowMs, epoch: 1, ...layout })
}

const times = fc.integer({ min: startMs, max: startMs + 40 * widthMs })
const meet = (a: readonly number[], b: readonly number[]): boolean => a.some((leaf) => b.includes(leaf))

describe('leaves of a key', () => {
  test('two attempts with one key share a leaf that both write, if they can overlap', () => {
    const overlap = fc.integer({ min: 0, max: 29 * minuteMs })
    fc.assert(
      fc.property(times, overlap, (firstMs, laterMs) => {
        const [first, second] = [ringAt(firstMs), ringAt(firstMs + laterMs)]
        expect(meet(first.locate(undefined).write, second.locate(undefined).write)).toBe(true)
      }),
      // In the examples, one attempt starts before a slot boundary, and the other attempt after it.
      {
        examples: [
          [20 * widthMs - 1, 1],
          [20 * widthMs - 16 * minuteMs, 29 * minuteMs],
        ] as never,
      },
    )
  })

  test('two attempts with a UUIDv7 write and read the same single leaf at any time', () => {
    fc.assert(
      fc.property(times, fc.integer({ min: 0, max: 7 * dayMs }), (madeAtMs, laterMs) => {
        const [first, second] = [ringAt(madeAtMs), ringAt(madeAtMs + laterMs)]
        expect(first.locate(madeAtMs)).toEqual(second.locate(madeAtMs))
        expect(first.locate(madeAtMs).write).toHaveLength(1)
        expect(first.locate(madeAtMs).read).toEqual(first.locate(madeAtMs).write)
      }),
    )
  })

  test('during the retention, an attempt with any key finds the answer of an earlier attempt', () => {
    fc.assert(
      fc.property(times, fc.integer({ min: 0, max: 7 * dayMs }), (firstMs, laterMs) => {
        const written = ringAt(firstMs).locate(undefined).write
        expect(meet(ringAt(firstMs + laterMs).locate(undefined).read, written)).toBe(true)
      }),
    )
  })
})

describe('truncation', () => {
  test('a leaf that may be truncated holds no answer younger than the retention plus an hour, unless another leaf has a copy', () => {
    fc.assert(
      fc.property(times, fc.integer({ min: 0, max: 7 * dayMs + hourMs }), (nowMs, ageMs) => {
        const expired = ringAt(nowMs).expired()
        fc.pre(expired !== undefined)
        const writer = ringAt(nowMs - ageMs)
        expect(writer.locate(undefined).write.some((leaf) => leaf !== expired)).toBe(true)
        expect(writer.locate(nowMs - ageMs).write).not.toContain(expired)
        expect(ringAt(nowMs).live()).not.toContain(expired)
      }),
      { examples: [[17_447 * widthMs, 6 * widthMs - 15 * minuteMs + 1]] },
    )
  })

  test('a leaf that may be truncated is not written to within half an hour, even for keys that are five minutes ahead of the clock', () => {
    fc.assert(
      fc.property(times, fc.integer({ min: 0, max: 30 * minuteMs }), (nowMs, laterMs) => {
        const expired = ringAt(nowMs).expired()
        fc.pre(expired !== undefined)
        const writer = ringAt(nowMs + laterMs)
        expect(writer.locate(undefined).write).not.toContain(expired)
        expect(writer.locate(nowMs + laterMs + 5 * minuteMs).write).not.toContain(expired)
      }),
      { examples: [[20 * widthMs - minuteMs, 2 * minuteMs]] },
    )
  })

  test('each leaf may be truncated once per round of the ring', () => {
    const seen = Array.from({ length: leafCount }, (_, n) => ringAt(startMs + n * widthMs).expired())
    expect(new Set(seen).size).toBe(leafCount)
  })
})

describe('changes of the width', () => {
  const sinceMs = startMs + 3 * widthMs + hourMs
  const wider = { width_ms: 2 * widthMs, since_ms: sinceMs }

  test('after a change of the width, answers stored with the earlier width are found, for UUIDv7 and other keys', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 7 * dayMs }), (ageMs) => {
        const madeAtMs = sinceMs - ageMs
        const written = ringAt(madeAtMs).locate(madeAtMs).write
        const later = ringAt(sinceMs + 8 * dayMs, wider)
        expect(meet(later.locate(madeAtMs).read, written)).toBe(true)
        expect(meet(later.locate(undefined).read, written)).toBe(true)
      }),
    )
  })

  test('after a change of the width, no leaf is truncated before its answers have expired', () => {
    const roundMs = leafCount * wider.width_ms
    expect(ringAt(sinceMs + roundMs - 1, wider).expired()).toBeUndefined()
    const first = Array.from({ length: 3 }, (_, hours) =>
      ringAt(sinceMs + roundMs + hours * hourMs, wider).expired(),
    )
    expect(first.some((leaf) => leaf !== undefined)).toBe(true)
  })
})

test('a clock jump is corrected, and the attempt that detected it is repeated', () => {
  const ring = ringAt(startMs)
  expect(ring.correct(startMs + 30_000)).toBe(true)
  expect(ring.correct(startMs + 2 * hourMs)).toBe(false)
  expect(ring.correct(startMs + 2 * hourMs)).toBe(true)
  expect(Math.round((ring.nowMs() - startMs) / hourMs)).toBe(2)
})
