import { createFakeClock } from 'holdfast/testing'
import { expect, test } from 'vitest'
import type { Clock } from './clock.ts'
import { TimerQueue } from './timer-queue.ts'

/** A fake clock that counts its timers. */
function createCountingClock() {
  const clock = createFakeClock(0)
  const counted = { ...clock, timers: 0 }
  counted.after = (ms, fire) => {
    counted.timers += 1
    return clock.after(ms, fire)
  }
  return counted
}

test('each timer of a queue fires when it is due, in order', () => {
  const clock = createFakeClock(0)
  const queue = new TimerQueue(clock, 100)
  const fired: string[] = []
  const fire = (name: string) => () => void fired.push(`${name} at ${clock.monotonicMs()}`)
  queue.after(100, fire('first'))
  clock.advance(30)
  queue.after(100, fire('second'))
  queue.after(100, fire('third'))
  clock.advance(69)
  expect(fired).toEqual([])
  clock.advance(31)
  expect(fired).toEqual(['first at 100', 'second at 130', 'third at 130'])
  queue.after(100, fire('fourth'))
  clock.advance(1_000)
  expect(fired.at(-1)).toBe('fourth at 230')
})

test('a cancelled timer does not fire, in any position of its queue', () => {
  for (const cancelled of [0, 1, 2]) {
    const clock = createFakeClock(0)
    const queue = new TimerQueue(clock, 100)
    const fired: number[] = []
    const timers = [0, 1, 2].map((n) => queue.after(100, () => void fired.push(n)))
    timers[cancelled]!.cancel()
    timers[cancelled]!.cancel()
    clock.advance(100)
    expect(fired).toEqual([0, 1, 2].filter((n) => n !== cancelled))
    for (const timer of timers) timer.cancel()
  }
})

test('the timers of a queue share one timer of the clock', () => {
  const clock = createCountingClock()
  const queue = new TimerQueue(clock, 100)
  for (let n = 0; n < 1_000; n += 1) queue.after(100, () => {}).cancel()
  queue.after(100, () => {})
  expect(clock.timers).toBe(1)
})

test('no timer of a queue fires early, even if the timer of the clock does', () => {
  let nowMs = 0
  const pending: (() => void)[] = []
  const clock: Clock = {
    now: () => nowMs,
    monotonicMs: () => nowMs,
    after(_ms, fire) {
      pending.push(fire)
      return { cancel: () => {} }
    },
  }
  let hasFired = false
  new TimerQueue(clock, 100).after(100, () => void (hasFired = true))
  nowMs = 99.5
  pending.shift()!()
  expect(hasFired).toBe(false)
  nowMs = 100
  pending.shift()!()
  expect(hasFired).toBe(true)
})

test('a timer of a queue that throws does not delay the others', () => {
  const clock = createFakeClock(0)
  const queue = new TimerQueue(clock, 100)
  let hasFired = false
  queue.after(100, () => {
    throw new Error('broken')
  })
  queue.after(100, () => void (hasFired = true))
  expect(() => clock.advance(100)).toThrow('broken')
  clock.advance(0)
  expect(hasFired).toBe(true)
})

test('a timer of another duration uses the clock directly', () => {
  const clock = createCountingClock()
  const queue = new TimerQueue(clock, 100)
  let hasFired = false
  queue.after(100, () => {})
  queue.after(20, () => void (hasFired = true))
  clock.advance(20)
  expect(hasFired).toBe(true)
  expect(clock.timers).toBe(2)
})
