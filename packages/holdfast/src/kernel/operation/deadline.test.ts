import { anyone, type Clock, holdfast, type Timer } from 'holdfast'
import { createFakeClock, until } from 'holdfast/testing'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { RunningDeadline } from './deadline.ts'
import { bodyOf, call, startService } from '../service/start-service.fixture.ts'

const { query } = holdfast()

/** Starts a service whose handler never returns, and records what it receives. */
async function waiting(deadline: '2s' | undefined) {
  const clock = createFakeClock(1_000_000)
  const seen: { remainingMs: number; signal: AbortSignal }[] = []
  const wait = query({
    route: 'GET /wait',
    access: anyone('a test'),
    output: z.object({}),
    ...(deadline ? { deadline } : {}),
    run({ deadline: left, signal }) {
      seen.push({ remainingMs: left.remainingMs(), signal })
      return new Promise<Record<string, never>>(() => {})
    },
  })
  const running = await startService({ wait }, { clock })
  return { clock, seen, running }
}

describe('a deadline', () => {
  test.each([
    [undefined, undefined, 5_000],
    ['2s', undefined, 2_000],
    ['2s', '300ms', 300],
    ['2s', '1h', 2_000],
  ] as const)(
    'a deadline of %s, with %s requested, ends the call after %i ms',
    async (deadline, asked, expectedMs) => {
      const { clock, seen, running } = await waiting(deadline)
      const pending = call(running, 'wait', {
        headers: asked === undefined ? {} : { 'request-timeout': asked },
      })
      await until(() => seen.length === 1)
      expect(seen[0]!.remainingMs).toBe(expectedMs)
      clock.advance(expectedMs - 1)
      expect(seen[0]!.signal.aborted).toBe(false)
      clock.advance(1)
      expect(seen[0]!.signal.aborted).toBe(true)
      expect(bodyOf(await pending)).toMatchObject({ status: 504, code: 'deadline-exceeded' })
    },
  )

  test.each(['soon', '5', '-1s', '1 s', '0ms', '0.0d', '0.999ms', '1s, 2s', `${'9'.repeat(400)}d`])(
    'a deadline cannot be requested as %j',
    async (asked) => {
      const { running } = await waiting('2s')
      const answer = await call(running, 'wait', { headers: { 'request-timeout': asked } })
      expect(bodyOf(answer)).toMatchObject({ status: 400, code: 'bad-request' })
    },
  )

  test('a deadline does not run the handler if the client has already disconnected', async () => {
    const { seen, running } = await waiting('2s')
    expect((await call(running, 'wait', { signal: AbortSignal.abort() })).status).toBe(503)
    expect(seen).toEqual([])
  })

  test('the deadlines of an operation share one timer, which remains until it fires', async () => {
    const clock = createFakeClock()
    const pending = new Set<Timer>()
    const counting: Clock = {
      now: () => clock.now(),
      monotonicMs: () => clock.monotonicMs(),
      after(ms, fire) {
        const inner = clock.after(ms, () => {
          pending.delete(timer)
          fire()
        })
        const timer: Timer = {
          cancel() {
            pending.delete(timer)
            inner.cancel()
          },
        }
        pending.add(timer)
        return timer
      },
    }
    let pendingInside = 0
    const read = query({
      route: 'GET /read',
      access: anyone('a test'),
      run: () => {
        pendingInside = pending.size
      },
    })
    const running = await startService({ read }, { clock: counting })
    for (let calls = 0; calls < 3; calls += 1) expect((await call(running, 'read')).status).toBe(204)
    expect(pendingInside).toBe(1)
    expect(pending.size).toBe(1)
    clock.advance(60_000)
    expect(pending.size).toBe(0)
  })

  test('a deadline that has passed still logs a later failure of the handler', async () => {
    const clock = createFakeClock()
    const lines: string[] = []
    const fail = Promise.withResolvers<void>()
    const begun = Promise.withResolvers<void>()
    const late = query({
      route: 'GET /late',
      access: anyone('a test'),
      run() {
        begun.resolve()
        return fail.promise
      },
    })
    const running = await startService({ late }, { clock, onLog: (line) => lines.push(line) })
    const pending = call(running, 'late')
    await begun.promise
    clock.advance(5_000)
    expect((await pending).status).toBe(504)
    fail.reject(new TypeError('too late'))
    await until(() => lines.some((line) => line.includes('too late')))
  })

  test('a deadline does not wait for a client that has disconnected', async () => {
    const { seen, running } = await waiting('2s')
    const client = new AbortController()
    const pending = call(running, 'wait', { signal: client.signal })
    await until(() => seen.length === 1)
    client.abort()
    expect((await pending).status).toBe(503)
    expect(seen[0]!.signal.aborted).toBe(true)
  })
})

test('a deadline does not move when the wall clock is set back', () => {
  const clock = createFakeClock()
  let setBackMs = 0
  const deadline = new RunningDeadline({ ...clock, now: () => clock.now() - setBackMs }, 5_000)
  setBackMs = 3_600_000
  clock.advance(1_000)
  expect(deadline.remainingMs()).toBe(4_000)
  deadline.end()
})
