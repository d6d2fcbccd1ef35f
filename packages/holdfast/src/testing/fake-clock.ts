import type { Clock, Timer } from '../kernel/base/clock.ts'

/** A clock that only a test advances. */
export interface FakeClock extends Clock {
  /** Advances the time and fires every timer that becomes due, in order. */
  advance(ms: number): void
}

interface Pending {
  readonly atMs: number
  readonly fire: () => void
}

/**
 * Creates a clock for tests. `startMs` is its initial time, in milliseconds since the Unix epoch.
 * Default: the current time.
 *
 * @example
 * ```ts
 * const clock = createFakeClock(Date.UTC(2026, 0, 1))
 * await using tested = await createTestService(shop, { clock })
 *
 * clock.advance(60_000)
 * ```
 */
export function createFakeClock(startMs: number = Date.now()): FakeClock {
  let nowMs = startMs
  const pending = new Set<Pending>()

  function nextDue(untilMs: number): Pending | undefined {
    return [...pending].filter((timer) => timer.atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0]
  }

  return {
    now: () => nowMs,
    monotonicMs: () => nowMs,
    after(ms, fire): Timer {
      const timer: Pending = { atMs: nowMs + ms, fire }
      pending.add(timer)
      return { cancel: () => pending.delete(timer) }
    },
    advance(ms) {
      const untilMs = nowMs + ms
      // The timers fire one by one, because a timer may set a second timer that is due within the
      // same period.
      for (let timer = nextDue(untilMs); timer; timer = nextDue(untilMs)) {
        nowMs = Math.max(nowMs, timer.atMs)
        pending.delete(timer)
        timer.fire()
      }
      nowMs = untilMs
    },
  }
}
