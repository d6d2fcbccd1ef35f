import { expect, test } from 'vitest'
import { ClaimBounds } from './claim-bounds.ts'

const whole = (name: string) => ({ name, low: -32_768, high: 32_767 })
const claimed = (seq: number, priority = 0, name = 'mail') => ({ name, priority, seq })
const names = ['mail', 'report']

test('the first claim searches all jobs, and later claims only those after the jobs that were claimed a while ago', () => {
  const bounds = new ClaimBounds({ names, hasShares: false })
  const everywhere = { behind: [], ranges: [whole('mail'), whole('report')] }
  expect(bounds.segments(names, 0)).toEqual(everywhere)
  bounds.claimed([claimed(3), claimed(7), claimed(5, 10)], 0)
  // Jobs that committed late are not skipped yet.
  expect(bounds.segments(names, 1_999)).toEqual(everywhere)
  bounds.claimed([claimed(9)], 1_999)
  expect(bounds.segments(names, 2_000)).toEqual({
    behind: [
      { name: 'mail', priority: 10, after: 5 },
      { name: 'mail', priority: 0, after: 3 },
    ],
    ranges: [
      { name: 'mail', low: 11, high: 32_767 },
      { name: 'mail', low: 1, high: 9 },
      { name: 'mail', low: -32_768, high: -1 },
      whole('report'),
    ],
  })
  expect(bounds.segments(['mail'], 4_000).behind).toEqual([
    { name: 'mail', priority: 10, after: 5 },
    { name: 'mail', priority: 0, after: 9 },
  ])
})

test('a sweep searches all jobs: every ten seconds, after a claim that found no job, and after jobs were released', () => {
  const bounds = new ClaimBounds({ names, hasShares: false })
  bounds.segments(names, 0)
  bounds.claimed([claimed(3)], 0)
  expect(bounds.segments(names, 9_999).behind).toHaveLength(1)
  // Claiming some names does not sweep the others.
  expect(bounds.segments(['mail'], 10_000).behind).toEqual([])
  expect(bounds.segments(names, 10_001).behind).toEqual([])
  expect(bounds.segments(names, 10_002).behind).toHaveLength(1)
  bounds.sweepNext()
  expect(bounds.segments(names, 10_003).behind).toEqual([])
  // A claim that finds nothing is followed by a sweep, at most every two seconds.
  expect(bounds.sweepInstead(12_002)).toBe(false)
  expect(bounds.segments(names, 12_002).behind).toHaveLength(1)
  expect(bounds.sweepInstead(12_003)).toBe(true)
  expect(bounds.segments(names, 12_003).behind).toEqual([])
})

test('jobs with shares, which overtake each other, have no bound, and there are bounds for at most eight priorities', () => {
  const shared = new ClaimBounds({ names, hasShares: true })
  shared.segments(names, 0)
  shared.claimed([claimed(3)], 0)
  expect(shared.segments(names, 5_000).behind).toEqual([])
  const many = new ClaimBounds({ names, hasShares: false })
  many.segments(names, 0)
  many.claimed(
    Array.from({ length: 20 }, (_, n) => claimed(n + 1, n)),
    0,
  )
  expect(many.segments(names, 5_000).behind).toHaveLength(8)
})
