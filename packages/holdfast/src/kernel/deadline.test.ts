import { anyone, holdfast } from 'holdfast'
import { createFakeClock, until } from 'holdfast/testing'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { bodyOf, call, startService } from './start-service.fixture.ts'

const { query } = holdfast()

/** Starts a service whose handler waits for ever, and tells what it was given. */
async function waiting(deadline: '2s' | undefined) {
  const clock = createFakeClock(1_000_000)
  const seen: { remainingMs: number; signal: AbortSignal }[] = []
  const wait = query({
    route: 'GET /wait',
    access: anyone(),
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
  ] as const)('of %s, %s asked for, ends the call after %i ms', async (deadline, asked, expectedMs) => {
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
  })

  test.each(['soon', '5', '-1s', '1 s'])('cannot be asked for as %j', async (asked) => {
    const { running } = await waiting('2s')
    const answer = await call(running, 'wait', { headers: { 'request-timeout': asked } })
    expect(bodyOf(answer)).toMatchObject({ status: 400, code: 'bad-request' })
  })

  test('does not wait for a client that has gone', async () => {
    const { seen, running } = await waiting('2s')
    const client = new AbortController()
    const pending = call(running, 'wait', { signal: client.signal })
    await until(() => seen.length === 1)
    client.abort()
    expect((await pending).status).toBe(503)
    expect(seen[0]!.signal.aborted).toBe(true)
  })
})
