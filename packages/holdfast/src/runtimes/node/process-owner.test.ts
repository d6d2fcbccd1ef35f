import { until } from 'holdfast/testing'
import { describe, expect, test } from 'vitest'
import { freePort } from '../../../test/free-port.ts'
import { type Child, startMain } from './child.fixture.ts'

/** Sends a request that takes a while; resolves when its call has begun. */
async function beginWaiting(child: Child, ms: number): Promise<{ readonly response: Promise<Response> }> {
  const response = fetch(`${await child.url}/wait?ms=${ms}`, { headers: { 'x-request-id': 'in-flight' } })
  response.catch(() => {})
  await until(() => child.log().some(({ msg }) => msg === 'waiting'))
  return { response }
}

describe('a process', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)(
    'a process stops on %s, after the calls in flight',
    async (signal) => {
      const child = startMain({})
      const { response } = await beginWaiting(child, 300)
      child.process.kill(signal)
      await until(() => child.log().some(({ msg }) => msg === 'stopping'))
      await expect(fetch(`${await child.url}/wait?ms=0`)).rejects.toThrow('fetch failed')
      const answer = await response
      expect(answer.headers.get('connection')).toBe('close')
      expect(await answer.json()).toEqual({ waited: 300 })
      expect(await child.ended).toBe(0)
      expect(child.log().map(({ msg }) => msg)).toEqual([
        'listening',
        'ready',
        'waiting',
        'stopping',
        'GET /wait 200',
        'stopped',
      ])
      expect(child.output.stderr).toBe('')
    },
  )

  test('a process does not wait for idle connections', async () => {
    const child = startMain({})
    await (await fetch(`${await child.url}/wait?ms=0`)).json()
    child.process.kill('SIGTERM')
    expect(await child.ended).toBe(0)
  })

  test('a process exits although other code of the program keeps it alive', async () => {
    const child = startMain({ KEEP_ALIVE: '1' })
    await child.url
    child.process.kill('SIGTERM')
    expect(await child.ended).toBe(0)
  })

  test('a process reports what is still running when the grace period is over, and fails', async () => {
    const child = startMain({ GRACE_MS: '100' })
    await beginWaiting(child, 60_000)
    child.process.kill('SIGTERM')
    expect(await child.ended).toBe(1)
    expect(child.log().at(-1)).toMatchObject({
      level: 'error',
      error: {
        code: 'shutdown-timeout',
        message: expect.stringContaining('the call of wait with the request id in-flight'),
      },
    })
  })

  test.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)('a process exits at once on a second %s', async (signal, code) => {
    const child = startMain({})
    await beginWaiting(child, 60_000)
    child.process.kill('SIGTERM')
    await until(() => child.log().some(({ msg }) => msg === 'stopping'))
    child.process.kill(signal)
    expect(await child.ended).toBe(code)
  })

  test.each([
    ['throw', 'uncaughtException', 'not caught'],
    ['reject', 'unhandledRejection', 'not handled'],
    ['throw-unreadable', 'uncaughtException', 'an error that cannot be described'],
  ])('a process stops and fails after an uncaught error (%s)', async (how, origin, message) => {
    const child = startMain({})
    const { response } = await beginWaiting(child, 200)
    child.process.send(how)
    expect(await (await response).json()).toEqual({ waited: 200 })
    expect(await child.ended).toBe(1)
    expect(child.log()).toContainEqual(
      expect.objectContaining({ level: 'error', origin, error: expect.objectContaining({ message }) }),
    )
  })
})

describe('a process that drains', () => {
  test('a process that drains still listens, is not ready, and closes every connection', async () => {
    const child = startMain({ DRAIN_DELAY: '1m', GRACE_MS: '120000' })
    const url = await child.url
    expect((await fetch(`${url}/health/ready`)).status).toBe(200)
    child.process.kill('SIGTERM')
    await until(() => child.log().some(({ msg }) => msg === 'draining'))
    const ready = await fetch(`${url}/health/ready`)
    expect([ready.status, ready.headers.get('connection')]).toEqual([503, 'close'])
    const live = await fetch(`${url}/health/live`)
    expect([live.status, live.headers.get('connection')]).toEqual([200, 'close'])
    const work = await fetch(`${url}/wait?ms=0`)
    expect([work.status, work.headers.get('connection')]).toEqual([200, 'close'])
    child.process.kill('SIGINT')
    expect(await child.ended).toBe(130)
  })

  test('a process drains for the delay', async () => {
    const child = startMain({ DRAIN_DELAY: '500ms' })
    await child.url
    const beganMs = performance.now()
    child.process.kill('SIGTERM')
    expect(await child.ended).toBe(0)
    expect(performance.now() - beganMs).toBeGreaterThan(490)
  })

  test('a process that drains exits at once on a second signal', async () => {
    const child = startMain({ DRAIN_DELAY: '9s' })
    await child.url
    child.process.kill('SIGTERM')
    await until(() => child.log().some(({ msg }) => msg === 'draining'))
    child.process.kill('SIGINT')
    expect(await child.ended).toBe(130)
  })

  test('a process drains only for a short time after an uncaught error', async () => {
    const child = startMain({ DRAIN_DELAY: '9s' })
    await child.url
    child.process.send('throw')
    const draining = await until(() => child.log().find(({ msg }) => msg === 'draining'))
    expect(draining['drainDelayMs']).toBe(1_500)
    expect(await child.ended).toBe(1)
  })

  test.each(['throw', 'reject'])('a process that drains fails after an uncaught error (%s)', async (how) => {
    const child = startMain({ DRAIN_DELAY: '3s' })
    await child.url
    child.process.kill('SIGTERM')
    await until(() => child.log().some(({ msg }) => msg === 'draining'))
    child.process.send(how)
    expect(await child.ended).toBe(1)
    expect(child.log().map(({ msg }) => msg)).toContain('uncaught exception; shutting down')
  })
})

describe('a process whose service starts', () => {
  async function startSlowly(): Promise<{ readonly child: Child; readonly url: string }> {
    const port = await freePort()
    const child = startMain({ SLOW_START: '1', PORT: String(port) })
    const url = `http://127.0.0.1:${port}`
    await until(() =>
      fetch(url).then(
        () => true,
        () => false,
      ),
    )
    return { child, url }
  }

  test('a process whose service starts is live but not ready, and then ready', async () => {
    const { child, url } = await startSlowly()
    const live = await fetch(`${url}/health/live`)
    expect([live.status, await live.json()]).toEqual([200, { status: 'pass' }])
    expect((await fetch(`${url}/health/live`, { method: 'HEAD' })).status).toBe(200)
    const ready = await fetch(`${url}/health/ready?probe=1`, {
      headers: { 'x-request-id': 'probe-number-1' },
    })
    expect([ready.status, ready.headers.get('retry-after')]).toEqual([503, '1'])
    expect(ready.headers.get('x-request-id')).toBe('probe-number-1')
    expect(await ready.json()).toMatchObject({
      code: 'not-ready',
      detail: 'The service is starting.',
    })
    const other = await fetch(`${url}/wait?ms=0`, { method: 'POST', body: '{}' })
    expect(other.status).toBe(503)
    expect(await other.json()).toMatchObject({ code: 'unavailable' })
    child.process.send('start')
    expect(await child.url).toBe(url)
    expect((await fetch(`${url}/health/ready`)).status).toBe(200)
  })

  test.each(['SIGTERM', 'SIGINT'] as const)(
    'a process whose service starts exits at once on %s',
    async (signal) => {
      const { child } = await startSlowly()
      child.process.kill(signal)
      expect(await child.ended).toBe(0)
      expect(child.log()).toEqual([
        expect.objectContaining({ msg: 'listening' }),
        expect.objectContaining({ msg: 'stopping', signal }),
      ])
    },
  )

  test.each(['throw', 'reject'])(
    'a process whose service starts exits at once after an uncaught error (%s)',
    async (how) => {
      const { child } = await startSlowly()
      child.process.send(how)
      expect(await child.ended).toBe(1)
      expect(child.log()).toEqual([
        expect.objectContaining({ msg: 'listening' }),
        expect.objectContaining({ level: 'error', msg: 'uncaught exception; shutting down' }),
      ])
    },
  )
})

describe('a service that does not start', () => {
  test('a service that does not start reports why in one message, and fails', async () => {
    const child = startMain({ PORT: '70000' })
    expect(await child.ended).toBe(1)
    expect(child.output.stderr).toBe(
      'PORT is "70000". It must be an integer from 0 to 65535. Port to listen on; 0 selects any free port.\n',
    )
    expect(child.output.stdout).toBe('')
  })

  test('a service that does not start reports why even if the parts that it has started cannot be closed, which is logged', async () => {
    const child = startMain({ UNCLOSABLE: '1' })
    expect(await child.ended).toBe(1)
    expect(child.output.stderr).toBe('It has no pages.\n')
    expect(child.log().at(-1)).toMatchObject({
      level: 'error',
      msg: 'a start failed, and closing what it had opened failed too',
      error: { message: 'It does not close.' },
    })
  })

  test('a service that does not start because its port is in use reports this', async () => {
    const first = startMain({})
    const port = new URL(await first.url).port
    const second = startMain({ PORT: port })
    expect(await second.ended).toBe(1)
    expect(second.output.stderr).toMatch(
      /^Port \d+ on 127\.0\.0\.1 is in use by another process\. .*lsof -i :\d+ .*\n$/,
    )
    expect(second.output.stderr.trim().split('\n')).toHaveLength(1)
  })
})
