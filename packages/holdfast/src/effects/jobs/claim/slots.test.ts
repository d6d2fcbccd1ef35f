import { expect, test } from 'vitest'
import type { Job } from '../../../kernel/background/job.ts'
import { divideSlots, type Slots } from './slots.ts'

const row = (name: string, share_key: string | null = null) => ({ name, share_key })

/** Starts as many jobs as the slots allow, and returns their number. */
function fill(slots: Slots, one: ReturnType<typeof row>): number {
  let begun = 0
  while (slots.canBegin(one)) {
    slots.begin(one)
    begun += 1
  }
  return begun
}

const job = (name: string, slots?: Job['slots']): Job => ({ name, slots }) as Job

test('a name does not use the slots reserved for names without running jobs', () => {
  const [slots] = divideSlots(
    ['a', 'b', 'c', 'd'].map((name) => job(name)),
    10,
  )
  expect(fill(slots!, row('a'))).toBe(8)
  expect(fill(slots!, row('b'))).toBe(1)
  expect(fill(slots!, row('c'))).toBe(1)
  expect(fill(slots!, row('d'))).toBe(0)
  slots!.end(row('b'))
  expect(slots!.canBegin(row('a'))).toBe(false)
  expect(slots!.canBegin(row('d'))).toBe(true)
  slots!.end(row('a'))
  slots!.end(row('a'))
  expect(fill(slots!, row('a'))).toBe(1)
})

test.each<[readonly string[], number, number]>([
  [['a'], 10, 10],
  [['a', 'b'], 10, 9],
  [['a', 'b', 'c'], 2, 1],
  [['a', 'b', 'c'], 1, 1],
  ['abcdefghijklmnopqrstuvwxyz'.split(''), 100, 80],
])('a name, one of %j, gets its share of %i slots', (names, concurrency, expected) => {
  const [slots] = divideSlots(
    names.map((name) => job(name)),
    concurrency,
  )
  expect(fill(slots!, row('a'))).toBe(expected)
})

test('a job with dedicated slots uses no other slots, and one owner uses at most half of them', () => {
  const jobs = [job('a'), job('b', { count: 20, connections: 3, shareOf: () => '' })]
  const [shared, own] = divideSlots(jobs, 10)
  expect(shared).toMatchObject({ names: ['a'], count: 10 })
  expect(own).toMatchObject({ names: ['b'], count: 20 })
  expect(fill(own!, row('b', 'ann'))).toBe(10)
  for (let owner = 0; owner < 10; owner += 1) expect(fill(own!, row('b', `owner ${owner}`))).toBe(1)
  expect(fill(own!, row('b', 'late'))).toBe(0)
  expect(fill(shared!, row('a'))).toBe(10)
})
