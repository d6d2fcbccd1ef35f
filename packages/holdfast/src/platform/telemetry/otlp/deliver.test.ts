import { until } from 'holdfast/testing'
import { describe, expect, test } from 'vitest'
import { lossesOf, lostOf, recordSpans, telemetryForTest } from '../telemetry.fixture.ts'
import { startReceiver } from './receiver.fixture.ts'

const unavailable = { status: 503, headers: { 'retry-after': '0' } }

describe('a receiver', () => {
  test.each([429, 502, 503, 504])(
    'a receiver that returns %i is retried after the time that it names',
    async (status) => {
      const receiver = await startReceiver({
        answer: (n) => (n < 2 ? { status, headers: { 'retry-after': '0' } } : { status: 200 }),
      })
      const telemetry = telemetryForTest({ endpoint: receiver.url }, { OTEL_METRICS_EXPORTER: 'none' })
      recordSpans(telemetry, 1)
      await telemetry.flush()
      expect(receiver.requests).toHaveLength(3)
      expect(receiver.requests[2]?.json).toEqual(receiver.requests[0]?.json)
      expect(receiver.spans).toHaveLength(1)
      expect(telemetry.log).toEqual([])
    },
  )

  test('a receiver that names no time is retried with backoff', async () => {
    const receiver = await startReceiver({ answer: (n) => ({ status: n === 0 ? 503 : 200 }) })
    const telemetry = telemetryForTest({ endpoint: receiver.url }, { OTEL_METRICS_EXPORTER: 'none' })
    recordSpans(telemetry, 1)
    const startMs = performance.now()
    await telemetry.flush()
    expect(performance.now() - startMs).toBeGreaterThan(400)
    expect(receiver.spans).toHaveLength(1)
  })

  test('a receiver that names a date is retried at that date', async () => {
    const at = new Date(Date.now() + 2_000)
    const receiver = await startReceiver({
      answer: (n) =>
        n === 0 ? { status: 429, headers: { 'retry-after': at.toUTCString() } } : { status: 200 },
    })
    const telemetry = telemetryForTest({ endpoint: receiver.url }, { OTEL_METRICS_EXPORTER: 'none' })
    recordSpans(telemetry, 1)
    await telemetry.flush()
    expect(Date.now()).toBeGreaterThanOrEqual(Math.floor(at.getTime() / 1_000) * 1_000)
    expect(receiver.spans).toHaveLength(1)
  })

  test('a receiver that stays busy is abandoned after five attempts; the losses are counted and logged once', async () => {
    const receiver = await startReceiver({ answer: () => unavailable })
    const telemetry = telemetryForTest({ endpoint: receiver.url }, { OTEL_METRICS_EXPORTER: 'none' })
    for (let n = 0; n < 3; n += 1) {
      recordSpans(telemetry, 2)
      await telemetry.flush()
    }
    expect(receiver.requests).toHaveLength(15)
    expect(lossesOf(telemetry)).toMatchObject([
      {
        msg: 'exporting spans failed',
        lost: 2,
        error: { code: 'telemetry-export-failed', message: expect.stringContaining('it returned 503') },
      },
    ])
    expect(lostOf(telemetry)).toEqual({ 'spans unavailable': 6 })
    await telemetry.stop()
    expect(lossesOf(telemetry)).toMatchObject([{ lost: 2 }, { lost: 4 }])
  })

  test.each([
    [400, { body: '{"code":3,"message":"bad span"}' }, 'it returned 400: bad span'],
    [401, {}, 'it returned 401'],
    [404, { body: 'nothing here' }, 'it returned 404: nothing here'],
    [500, {}, 'it returned 500'],
    [302, { headers: { location: 'http://127.0.0.1:1/' } }, 'it returned 302'],
  ])('a receiver that returns %i is not retried', async (status, more, reason) => {
    const receiver = await startReceiver({ answer: () => ({ status, ...more }) })
    const url = receiver.url.replace('http://', 'http://user:secret@')
    const telemetry = telemetryForTest(
      { endpoint: `${url}/?key=secret`, headers: { 'api-key': 'secret' } },
      { OTEL_METRICS_EXPORTER: 'none' },
    )
    recordSpans(telemetry, 3)
    await telemetry.flush()
    expect(receiver.requests).toHaveLength(1)
    expect(receiver.requests[0]?.headers).toMatchObject({
      'api-key': 'secret',
      authorization: expect.stringContaining('Basic '),
    })
    expect(lossesOf(telemetry)).toMatchObject([
      { lost: 3, error: { message: expect.stringContaining(reason) } },
    ])
    expect(lostOf(telemetry)).toEqual({ 'spans refused': 3 })
    expect(JSON.stringify(telemetry.log)).not.toContain('secret')
  })

  test.each([
    ['spans', { rejectedSpans: '2', errorMessage: 'two are too old' }, 'rejected 2 of 3: two are too old'],
    ['spans', { errorMessage: 'clocks disagree' }, 'rejected 0 of 3: clocks disagree'],
    ['spans', { rejectedSpans: 3 }, 'rejected 3 of 3: no reason given'],
    ['metrics', { rejectedDataPoints: '1', errorMessage: 'no' }, 'rejected 1 of 1: no'],
  ])(
    'a receiver that rejects some of the %s is reported, and not retried',
    async (signal, partialSuccess, reason) => {
      const isAsked = (path: string): boolean => path.endsWith(signal === 'spans' ? 'traces' : 'metrics')
      const receiver = await startReceiver({
        answer: (_, path) => ({ status: 200, body: JSON.stringify(isAsked(path) ? { partialSuccess } : {}) }),
      })
      const telemetry = telemetryForTest({ endpoint: receiver.url })
      telemetry.counter({ name: 'one', description: '', unit: '1' }).with({}).add()
      recordSpans(telemetry, 3)
      await telemetry.flush()
      expect(receiver.requests).toHaveLength(2)
      expect(lossesOf(telemetry)).toMatchObject([
        { msg: `exporting ${signal} failed`, error: { message: expect.stringContaining(reason) } },
      ])
    },
  )

  test.each([
    'not JSON',
    '[]',
    'null',
    '{"partialSuccess":null}',
    '{"partialSuccess":{}}',
    'x'.repeat(200_000),
  ])('a receiver may return 200 with %j', async (body) => {
    const receiver = await startReceiver({ answer: () => ({ status: 200, body }) })
    const telemetry = telemetryForTest({ endpoint: receiver.url })
    recordSpans(telemetry, 1)
    await telemetry.flush()
    expect(receiver.spans).toHaveLength(1)
    expect(telemetry.log).toEqual([])
  })

  test.each(['hang', 'stall'] as const)('a receiver that times out (%s) is retried', async (reply) => {
    const receiver = await startReceiver({ answer: (n) => (n === 0 ? reply : { status: 200 }) })
    const telemetry = telemetryForTest(
      { endpoint: receiver.url },
      { OTEL_METRICS_EXPORTER: 'none', OTEL_EXPORTER_OTLP_TIMEOUT: '100' },
    )
    recordSpans(telemetry, 1)
    await telemetry.flush()
    // On a slow machine, more attempts may time out.
    expect(receiver.requests.length).toBeGreaterThanOrEqual(2)
    expect(receiver.spans.length).toBeGreaterThanOrEqual(1)
  })

  test('a receiver that is killed and restarted receives everything that it has not acknowledged', async () => {
    const first = await startReceiver({ answer: () => 'hang' })
    const telemetry = telemetryForTest({ endpoint: first.url }, { OTEL_METRICS_EXPORTER: 'none' })
    recordSpans(telemetry, 7)
    const flushed = telemetry.flush()
    await until(() => first.requests.length === 1)
    await first.kill()
    const second = await startReceiver({ port: Number(new URL(first.url).port) })
    await flushed
    expect(second.spans).toHaveLength(7)
    expect(telemetry.log).toEqual([])
  })

  test('a receiver that is slow loses only the oldest spans, which are counted', async () => {
    const receiver = await startReceiver({ answer: (n) => (n === 0 ? 'hang' : { status: 200 }) })
    const telemetry = telemetryForTest(
      { endpoint: receiver.url, spanBufferSize: 100 },
      { OTEL_METRICS_EXPORTER: 'none', OTEL_EXPORTER_OTLP_TIMEOUT: '300' },
    )
    recordSpans(telemetry, 10)
    const flushed = telemetry.flush()
    await until(() => receiver.requests.length === 1)
    recordSpans(telemetry, 1_000)
    await flushed
    await telemetry.flush()
    expect(receiver.spans).toHaveLength(110)
    expect(lostOf(telemetry)).toEqual({ 'spans overwritten': 900 })
    expect(lossesOf(telemetry)).toMatchObject([
      { lost: 900, error: { message: expect.stringContaining('is slower than the service records spans') } },
    ])
  })
})
