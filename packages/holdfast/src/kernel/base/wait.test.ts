import { describe, expect, test } from 'vitest'
import { createFakeClock } from '../../testing/fake-clock.ts'
import type { Clock } from './clock.ts'
import { pause, runWithTimeout, settlesWithin, withTimeout } from './wait.ts'

const never = new Promise<never>(() => {})
const timedOut = (): string => 'too late'

/** A fake clock that counts its pending timers. */
function countedClock() {
  const clock = createFakeClock()
  let pending = 0
  const after: Clock['after'] = (ms, fire) => {
    pending += 1
    let isPending = true
    const end = (): void => {
      if (isPending) pending -= 1
      isPending = false
    }
    const timer = clock.after(ms, () => {
      end()
      fire()
    })
    return {
      cancel() {
        end()
        timer.cancel()
      },
    }
  }
  return { ...clock, after, pending: () => pending }
}

/** A signal that counts its listeners. */
function countedSignal() {
  const controller = new AbortController()
  const { signal } = controller
  const listeners = new Set<unknown>()
  const add = signal.addEventListener.bind(signal)
  const remove = signal.removeEventListener.bind(signal)
  signal.addEventListener = (type: string, listener: EventListener) => {
    listeners.add(listener)
    add(type, listener)
  }
  signal.removeEventListener = (type: string, listener: EventListener) => {
    listeners.delete(listener)
    remove(type, listener)
  }
  return { controller, signal, listeners: () => listeners.size }
}

describe('a pause', () => {
  test('a pause lasts its full time on the given clock', async () => {
    const clock = countedClock()
    const { signal, listeners } = countedSignal()
    let isOver = false
    const waiting = pause(1_000, { clock, cancellation: signal }).then(() => (isOver = true))
    clock.advance(999)
    await pause(0)
    expect(isOver).toBe(false)
    clock.advance(1)
    await waiting
    expect([clock.pending(), listeners()]).toEqual([0, 0])
  })

  test('a pause ends when it is cancelled, without an error or a pending timer', async () => {
    const clock = countedClock()
    const { controller, signal, listeners } = countedSignal()
    const waiting = pause(1_000, { clock, cancellation: signal })
    expect([clock.pending(), listeners()]).toEqual([1, 1])
    controller.abort(new Error('stopped'))
    await waiting
    expect([clock.pending(), listeners()]).toEqual([0, 0])
  })

  test('a pause does not begin if it is cancelled already', async () => {
    const clock = countedClock()
    await pause(1_000, { clock, cancellation: AbortSignal.abort() })
    expect(clock.pending()).toBe(0)
  })

  test('a pause takes real time by default', async () => {
    const startMs = performance.now()
    await pause(20)
    // Timers may fire up to a millisecond early.
    expect(performance.now() - startMs).toBeGreaterThan(18)
  })
})

describe('a wait with a timeout', () => {
  test('a wait with a timeout settles like the work, and clears its timer', async () => {
    const clock = countedClock()
    const limit = { timeoutMs: 1_000, timedOut, clock }
    const fulfilled = withTimeout(Promise.resolve(7), limit)
    const rejected = withTimeout(Promise.reject(new TypeError('broken')), limit)
    expect(clock.pending()).toBe(2)
    expect(await fulfilled).toBe(7)
    await expect(rejected).rejects.toThrow('broken')
    expect(clock.pending()).toBe(0)
  })

  test('a wait with a timeout rejects with its reason on timeout', async () => {
    const clock = countedClock()
    const waiting = withTimeout(never, { timeoutMs: 1_000, timedOut, clock })
    clock.advance(1_000)
    await expect(waiting).rejects.toBe('too late')
  })

  test('a wait with a timeout ignores a failure after the timeout', async () => {
    const clock = countedClock()
    const work = Promise.withResolvers<void>()
    const waiting = withTimeout(work.promise, { timeoutMs: 1_000, timedOut, clock })
    clock.advance(1_000)
    await expect(waiting).rejects.toBe('too late')
    work.reject(new Error('late'))
    await pause(0)
  })

  test('a wait with a timeout uses real time by default', async () => {
    await expect(withTimeout(never, { timeoutMs: 1, timedOut })).rejects.toBe('too late')
  })
})

describe('work with a timeout', () => {
  test('work with a timeout gets a signal that is aborted on timeout, and is not waited for after that', async () => {
    const clock = countedClock()
    let given: AbortSignal | undefined
    const waiting = runWithTimeout({ timeoutMs: 1_000, timedOut, clock }, (signal) => {
      given = signal
      return never
    })
    expect(given?.aborted).toBe(false)
    clock.advance(1_000)
    await expect(waiting).rejects.toBe('too late')
    expect(given?.reason).toBe('too late')
  })

  test('work with a timeout is also stopped by the signal of its owner', async () => {
    const clock = countedClock()
    const stopping = new AbortController()
    let given: AbortSignal | undefined
    const waiting = runWithTimeout(
      { timeoutMs: 1_000, timedOut, clock, stopping: stopping.signal },
      (signal) => {
        given = signal
        return never
      },
    )
    stopping.abort('stopped')
    await expect(waiting).rejects.toBe('stopped')
    expect(given?.reason).toBe('stopped')
    expect(clock.pending()).toBe(0)
  })

  test('work with a timeout clears its timer when the work ends, or throws immediately', async () => {
    const clock = countedClock()
    expect(await runWithTimeout({ timeoutMs: 1_000, timedOut, clock }, () => Promise.resolve(7))).toBe(7)
    const broken = (): Promise<never> => {
      throw new TypeError('broken')
    }
    await expect(runWithTimeout({ timeoutMs: 1_000, timedOut, clock }, broken)).rejects.toThrow('broken')
    expect(clock.pending()).toBe(0)
  })
})

describe('whether work settles in time', () => {
  test('settlesWithin resolves to true if the work settles in time, and to false on timeout', async () => {
    expect(await settlesWithin(Promise.resolve(), 60_000)).toBe(true)
    expect(await settlesWithin(never, 1)).toBe(false)
  })

  test('settlesWithin rejects if the work fails', async () => {
    await expect(settlesWithin(Promise.reject(new TypeError('broken')), 60_000)).rejects.toThrow('broken')
  })
})
