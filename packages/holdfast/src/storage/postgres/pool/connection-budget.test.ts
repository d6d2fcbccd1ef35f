import { expect, test } from 'vitest'
import { ConnectionBudget, type Lane } from './connection-budget.ts'

/** A fake lane without sessions. It counts the budget's calls. */
class CountedLane implements Lane {
  readonly min: number
  readonly max: number
  open = 0
  waiting = 0
  closing = 0
  /** Idle sessions, each with its idle time. */
  idle: number[] = []

  constructor(budget: ConnectionBudget, min: number, max: number) {
    this.min = min
    this.max = max
    budget.add(this)
  }

  get isWaiting(): boolean {
    return this.waiting > 0
  }

  openForWaiting(): void {
    this.waiting -= 1
    this.open += 1
  }

  closeIdle(idleMs: number): boolean {
    const index = this.idle.findIndex((ms) => ms >= idleMs)
    if (index === -1) return false
    this.idle.splice(index, 1)
    this.closing += 1
    return true
  }
}

test('a lane leaves room for the min sessions of the other lanes', () => {
  const budget = new ConnectionBudget(10)
  budget.reserve(2)
  const calls = new CountedLane(budget, 1, 10)
  const jobs = new CountedLane(budget, 2, 10)
  const own = new CountedLane(budget, 2, 4)
  calls.waiting = 20
  budget.settle()
  expect(calls.open).toBe(4)
  own.waiting = 5
  jobs.waiting = 5
  budget.settle()
  expect([calls.open, jobs.open, own.open]).toEqual([4, 2, 2])
})

test('a lane above its min gets sessions that other lanes have not used for a second', () => {
  const budget = new ConnectionBudget(6)
  const calls = new CountedLane(budget, 1, 6)
  const jobs = new CountedLane(budget, 1, 6)
  calls.waiting = 5
  budget.settle()
  calls.idle = [0, 0]
  jobs.waiting = 2
  budget.settle()
  expect([calls.open, calls.closing, jobs.open]).toEqual([5, 0, 1])
  calls.idle = [1_000, 1_000]
  budget.settle()
  budget.settle()
  // Only one session is closed at a time. It counts toward the budget until its socket has closed.
  expect([calls.open, calls.closing, jobs.open]).toEqual([5, 1, 1])
  calls.open -= 1
  budget.closed()
  expect([calls.open, jobs.open]).toEqual([4, 2])
})

test('a later lane gets its min as soon as a session is released', () => {
  const budget = new ConnectionBudget(4)
  const calls = new CountedLane(budget, 1, 4)
  calls.waiting = 4
  budget.settle()
  const jobs = new CountedLane(budget, 1, 4)
  expect(budget.isOwed(calls)).toBe(false)
  jobs.waiting = 1
  budget.settle()
  expect(jobs.open).toBe(0)
  expect(budget.isOwed(calls)).toBe(true)
  calls.open -= 1
  budget.settle()
  expect(jobs.open).toBe(1)
})

test('connections without a lane count toward the budget until they are released', () => {
  const budget = new ConnectionBudget(3)
  const calls = new CountedLane(budget, 1, 3)
  const putBack = budget.reserve(2)
  expect(budget.unassigned).toBe(0)
  calls.waiting = 3
  budget.settle()
  expect(calls.open).toBe(1)
  putBack()
  expect(calls.open).toBe(3)
})
