import { type Access, anyone, Forbidden, holdfast, Unauthenticated } from 'holdfast'
import { createFakeClock, until } from 'holdfast/testing'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { openHealth } from './open-health.fixture.ts'

const fails = {
  run: async () => {
    throw new TypeError('select secret from vault')
  },
}
const passes = { run: async () => {} }

/** Returns a check that ignores its signal, and finishes only when the test lets it. */
function deaf() {
  const runs: PromiseWithResolvers<void>[] = []
  const signals: AbortSignal[] = []
  return {
    runs,
    signals,
    run: ({ signal }: { readonly signal: AbortSignal }): Promise<void> => {
      const run = Promise.withResolvers<void>()
      runs.push(run)
      signals.push(signal)
      return run.promise
    },
  }
}

describe('/health/live', () => {
  test('/health/live reports that the process is alive, regardless of its checks', async () => {
    const { fetch, health } = await openHealth({ checks: { broken: fails } })
    const answer = await fetch('/health/live')
    expect(answer.status).toBe(200)
    expect(await answer.json()).toEqual({ status: 'pass' })
    health.drain()
    expect((await fetch('/health/live')).status).toBe(200)
  })
})

describe.each(['/health/live', '/health/ready'])('%s', (path) => {
  test('a health endpoint is never cached and never conditional', async () => {
    const { fetch } = await openHealth()
    const answer = await fetch(path, { headers: { 'if-none-match': '*' } })
    expect(answer.status).toBe(200)
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(answer.headers.get('etag')).toBeNull()
  })

  test('a health endpoint supports HEAD, and accepts no other method', async () => {
    const { fetch } = await openHealth()
    const head = await fetch(path, { method: 'HEAD' })
    expect([head.status, await head.text()]).toEqual([200, ''])
    expect(Number(head.headers.get('content-length'))).toBeGreaterThan(10)
    expect((await fetch(path, { method: 'POST' })).status).toBe(405)
  })

  test('a health endpoint is not logged', async () => {
    const { fetch, log } = await openHealth({ checks: { broken: fails } })
    for (let probe = 0; probe < 3; probe += 1) await fetch(path)
    const probes = log.filter(({ route }) => route === path)
    expect(probes.map(({ level }) => level)).toEqual(['debug', 'debug', 'debug'])
  })

  test('an operation with the route of a health endpoint replaces that endpoint', async () => {
    const own = holdfast().query({
      route: `GET ${path}` as `GET /${string}`,
      access: anyone('a test'),
      output: z.object({ text: z.string() }),
      run: () => ({ text: 'my own' }),
    })
    const { fetch } = await openHealth({ operations: { own } })
    expect(await (await fetch(path)).json()).toEqual({ text: 'my own' })
  })
})

describe('/health/ready', () => {
  test('/health/ready passes if there are no checks', async () => {
    const { ready } = await openHealth()
    expect(await ready()).toEqual({ status: 200, checks: {} })
  })

  test('/health/ready reports the result of each check', async () => {
    const { ready } = await openHealth({ checks: { queue: passes, cache: { ...fails, required: false } } })
    const took = expect.any(Number)
    expect(await ready()).toEqual({
      status: 200,
      checks: {
        queue: { status: 'pass', required: true, durationMs: took },
        cache: { status: 'fail', required: false, durationMs: took, error: 'select secret from vault' },
      },
    })
  })

  test('/health/ready fails with a problem if a required check fails', async () => {
    const { fetch } = await openHealth({ checks: { queue: fails, other: passes } })
    const answer = await fetch('/health/ready')
    expect(answer.status).toBe(503)
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(answer.headers.get('retry-after')).toBe('1')
    expect(await answer.json()).toMatchObject({
      type: '/problems/not-ready',
      code: 'not-ready',
      detail: 'A required check failed.',
      checks: { queue: { status: 'fail', error: 'select secret from vault' }, other: { status: 'pass' } },
    })
  })

  test('/health/ready fails if a check throws synchronously, and if an error has no message', async () => {
    const refused = Object.assign(new AggregateError([], ''), { code: 'ECONNREFUSED' })
    const { ready } = await openHealth({
      checks: {
        thrown: {
          run: () => {
            throw new TypeError('at once')
          },
        },
        refused: { run: () => Promise.reject(refused) },
      },
    })
    expect(await ready()).toMatchObject({
      status: 503,
      checks: { thrown: { error: 'at once' }, refused: { error: 'ECONNREFUSED' } },
    })
  })

  test('/health/ready fails as soon as the service stops, without running a check', async () => {
    let runs = 0
    const { ready, health } = await openHealth({ checks: { queue: { run: () => void (runs += 1) } } })
    health.drain()
    expect(await ready()).toMatchObject({
      status: 503,
      code: 'not-ready',
      detail: 'The service is stopping.',
    })
    expect(runs).toBe(0)
  })

  test('/health/ready fails if the service starts to stop while a check runs', async () => {
    const slow = deaf()
    const { ready, health } = await openHealth({ checks: { slow } })
    const answer = ready()
    await until(() => slow.runs.length === 1)
    health.drain()
    slow.runs[0]!.resolve()
    expect(await answer).toMatchObject({ status: 503, detail: 'The service is stopping.' })
  })

  test('/health/ready logs once when a check starts to fail and once when it passes again', async () => {
    const clock = createFakeClock()
    let isThere = false
    const run = async (): Promise<void> => {
      if (!isThere) throw new TypeError('gone')
    }
    const { ready, log } = await openHealth({ clock, checks: { queue: { run } } })
    for (const there of [false, false, true, true, false]) {
      isThere = there
      expect((await ready()).status).toBe(there ? 200 : 503)
      clock.advance(1_000)
    }
    const told = log.filter(({ check }) => check === 'queue')
    expect(told.map(({ level, msg }) => [level, msg])).toEqual([
      ['warn', 'check failed'],
      ['info', 'check passed again'],
      ['warn', 'check failed'],
    ])
    expect(told[0]).toMatchObject({ required: true, error: { message: 'gone' } })
  })
})

describe('a check', () => {
  test('a check is run once for concurrent requests', async () => {
    const slow = deaf()
    const { ready } = await openHealth({ checks: { slow } })
    const answers = Array.from({ length: 20 }, () => ready())
    await until(() => slow.runs.length === 1)
    slow.runs[0]!.resolve()
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(answers.map(() => 200))
    expect(slow.runs).toHaveLength(1)
  })

  test.each([
    ['a second', undefined, 1_000],
    ['the configured time', '300ms', 300],
  ] as const)('a check is not run again for %s', async (_, cacheFor, ms) => {
    const clock = createFakeClock()
    let runs = 0
    const run = () => void (runs += 1)
    const { ready } = await openHealth({
      clock,
      checks: { queue: cacheFor === undefined ? { run } : { run, cacheFor } },
    })
    await ready()
    clock.advance(ms - 1)
    await ready()
    expect(runs).toBe(1)
    clock.advance(1)
    await ready()
    expect(runs).toBe(2)
  })

  test.each([
    ['a second', undefined, 1_000],
    ['the configured time', '300ms', 300],
  ] as const)(
    'a check that does not end fails after %s, and its signal is aborted',
    async (_, timeout, ms) => {
      const clock = createFakeClock()
      const { runs, signals, run } = deaf()
      const { ready } = await openHealth({
        clock,
        checks: { queue: timeout === undefined ? { run } : { run, timeout } },
      })
      const answer = ready()
      await until(() => runs.length === 1)
      clock.advance(ms - 1)
      expect(signals[0]!.aborted).toBe(false)
      clock.advance(1)
      expect(signals[0]!.aborted).toBe(true)
      expect(await answer).toMatchObject({
        status: 503,
        checks: {
          queue: {
            error: `The check "queue" timed out after ${ms} ms. Raise its timeout if it needs longer.`,
          },
        },
      })
    },
  )

  test('a check that ignores its signal is not run again before it has ended', async () => {
    const clock = createFakeClock()
    const { runs, run } = deaf()
    const { ready } = await openHealth({ clock, checks: { queue: { run } } })
    const first = ready()
    await until(() => runs.length === 1)
    clock.advance(1_000)
    await first
    for (let probe = 0; probe < 5; probe += 1) {
      clock.advance(1_000)
      expect(await ready()).toMatchObject({
        status: 503,
        checks: { queue: { error: expect.stringContaining('is still running') } },
      })
    }
    expect(runs).toHaveLength(1)
    runs[0]!.resolve()
    const again = until(async () => {
      clock.advance(1_000)
      return (await ready()).status === 200
    })
    await until(() => runs.length === 2)
    runs[1]!.resolve()
    await again
  })

  test('a check does not wait for another check', async () => {
    const slow = deaf()
    let other = 0
    const { ready } = await openHealth({ checks: { slow, other: { run: () => void (other += 1) } } })
    const answer = ready()
    await until(() => other === 1)
    slow.runs[0]!.resolve()
    expect(await answer).toMatchObject({ status: 200 })
  })
})

describe('the details', () => {
  const checks = { queue: fails }
  const admin: Access = {
    name: 'admin()',
    authorize: ({ caller }) => (caller.id === 'admin' ? caller : Forbidden()),
  }
  const identify = ({ header }: { readonly header: (name: string) => string | undefined }) => {
    const user = header('x-user')
    if (user === 'nobody') throw Unauthenticated()
    if (user === 'defect') throw new TypeError('the directory is away')
    return user === undefined ? undefined : { kind: 'user', id: user }
  }

  test('the details of the checks are hidden in production', async () => {
    const { ready } = await openHealth({ mode: 'production', checks })
    const answer = await ready()
    expect(answer.status).toBe(503)
    expect(JSON.stringify(answer)).not.toMatch(/queue|vault|checks/)
    const fine = await openHealth({ mode: 'production', checks: { queue: passes } })
    expect(await (await fine.fetch('/health/ready')).json()).toEqual({ status: 'pass' })
  })

  test('the details of the checks are visible to the callers that the rule of the service allows', async () => {
    const { ready, log } = await openHealth({
      mode: 'production',
      checks,
      identify,
      health: { detail: admin },
    })
    expect(await ready({ 'x-user': 'admin' })).toMatchObject({ checks: { queue: { status: 'fail' } } })
    for (const user of ['guest', 'nobody', 'defect']) {
      const answer = await ready({ 'x-user': user })
      expect(answer.status).toBe(503)
      expect(answer).not.toHaveProperty('checks')
    }
    expect(await ready()).not.toHaveProperty('checks')
    const told = log.filter(({ msg }) => msg === 'identifying the health check caller failed')
    expect(told).toEqual([expect.objectContaining({ error: expect.objectContaining({ name: 'TypeError' }) })])
  })

  test('the details of the checks are visible to every caller if the rule allows it', async () => {
    const { ready } = await openHealth({ mode: 'production', checks, health: { detail: anyone('a test') } })
    expect(await ready()).toHaveProperty('checks')
  })

  test('the details of the checks do not delay the answer while the caller is identified', async () => {
    const clock = createFakeClock()
    const asked = Promise.withResolvers<void>()
    const { ready } = await openHealth({
      mode: 'production',
      clock,
      identify: () => {
        asked.resolve()
        return new Promise(() => {})
      },
      health: { detail: anyone('a test') },
    })
    const answer = ready()
    await asked.promise
    clock.advance(1_000)
    expect(await answer).toEqual({ status: 200 })
  })
})

describe('a service does not start', () => {
  test.each([
    ['an invalid time', { queue: { ...passes, timeout: '0s' } }, 'check "queue": The option timeout is "0s"'],
    [
      'a time that is too long for a timer',
      { queue: { ...passes, cacheFor: '25d' } },
      'check "queue": The option cacheFor is "25d"',
    ],
    [
      'the reserved name of the database check',
      { database: passes },
      'check "database": the database already has',
    ],
  ] as const)('a service does not start with %s', async (_, checks, reason) => {
    const database = { name: 'none', problems: [], open: () => expect.unreachable('it was opened') }
    await expect(openHealth({ checks, database })).rejects.toThrow(reason)
  })
})
