import { setTimeout as wait } from 'node:timers/promises'
import { until } from 'holdfast/testing'
import { describe, expect, test } from 'vitest'
import { lossesOf, lostOf, recordSpans, telemetryForTest } from '../telemetry.fixture.ts'
import { startReceiver } from './receiver.fixture.ts'

describe('an export', () => {
  test('an export contains spans in the OTLP format', async () => {
    const receiver = await startReceiver()
    const telemetry = telemetryForTest({ endpoint: receiver.url, resource: { 'cloud.region': 'eu' } })
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    const root = telemetry.beginTrace('server', traceparent, 'congo=1')
    root.describe('GET /orders/{id}', { 'http.route': '/orders/{id}', 'http.request.method': 'GET' })
    root.set('http.request.method', '_OTHER')
    const child = root.begin('select orders', 'client', {
      'db.query.text': `select '\ud800${'x'.repeat(5_000)}'`,
      'a.fraction': 0.5,
      'a.nothing': Number.NaN,
      'a.lot': 1e300,
      'an.answer': true,
      '"quoted"\n': '"quoted"\n',
    })
    child.set('db.response.returned_rows', 3)
    child.addEvent('rerun', { attempt: 2 })
    child.fail('40001', 'could not serialize')
    child.end()
    root.end()
    await telemetry.flush()

    expect(receiver.requests.map(({ path }) => path).toSorted()).toEqual(['/v1/metrics', '/v1/traces'])
    expect(receiver.requests[0]?.headers).toMatchObject({
      'content-encoding': 'gzip',
      'user-agent': expect.stringContaining('holdfast'),
    })
    const [sentChild, sentRoot] = receiver.spans
    expect(sentRoot).toMatchObject({
      traceId: '0af7651916cd43dd8448eb211c80319c',
      spanId: root.trace.spanId,
      parentSpanId: 'b7ad6b7169203331',
      traceState: 'congo=1',
      flags: 0x301,
      name: 'GET /orders/{id}',
      kind: 2,
      attributes: [
        { key: 'http.route', value: { stringValue: '/orders/{id}' } },
        { key: 'http.request.method', value: { stringValue: '_OTHER' } },
      ],
    })
    expect(sentRoot).not.toHaveProperty('status')
    expect(sentChild).toMatchObject({
      parentSpanId: root.trace.spanId,
      traceState: 'congo=1',
      flags: 0x101,
      kind: 3,
      status: { code: 2, message: 'could not serialize' },
      events: [{ name: 'rerun', attributes: [{ key: 'attempt', value: { intValue: '2' } }] }],
    })
    expect(sentChild?.attributes).toEqual([
      { key: 'db.query.text', value: { stringValue: `select '\ufffd${'x'.repeat(4_087)}` } },
      { key: 'a.fraction', value: { doubleValue: 0.5 } },
      { key: 'a.nothing', value: { doubleValue: 'NaN' } },
      { key: 'a.lot', value: { doubleValue: 1e300 } },
      { key: 'an.answer', value: { boolValue: true } },
      { key: '"quoted"\n', value: { stringValue: '"quoted"\n' } },
      { key: 'db.response.returned_rows', value: { intValue: '3' } },
      { key: 'error.type', value: { stringValue: '40001' } },
    ])
    const startedMs = Number(BigInt(sentRoot!.startTimeUnixNano) / 1_000_000n)
    expect(Math.abs(startedMs - Date.now())).toBeLessThan(300_000)
    const { resourceSpans } = receiver.requests.find(({ path }) => path === '/v1/traces')!.json as {
      readonly resourceSpans: readonly [{ readonly resource: { readonly attributes: readonly unknown[] } }]
    }
    const { attributes } = resourceSpans[0].resource
    for (const [key, value] of [
      ['service.name', { stringValue: 'shop' }],
      ['service.version', { stringValue: '1.4.0' }],
      ['service.instance.id', { stringValue: expect.stringMatching(/^[0-9a-f-]{36}$/) }],
      ['process.pid', { intValue: String(process.pid) }],
      ['process.runtime.name', { stringValue: 'nodejs' }],
      ['telemetry.sdk.name', { stringValue: 'holdfast' }],
      ['telemetry.sdk.version', { stringValue: expect.stringMatching(/^\d+\.\d+\.\d+/) }],
      ['cloud.region', { stringValue: 'eu' }],
    ] as const) {
      expect(attributes).toContainEqual({ key, value })
    }
  })

  test('an export contains metrics in the OTLP format, with their exemplars', async () => {
    const receiver = await startReceiver()
    const telemetry = telemetryForTest({ endpoint: receiver.url })
    const span = telemetry.beginTrace('server', undefined)
    telemetry
      .histogram({
        name: 'http.server.request.duration',
        description: 'How long.',
        unit: 's',
        bounds: [0.5, 1],
      })
      .with({ 'http.route': '/' })
      .record(0.7, span)
    telemetry.counter({ name: 'calls', description: 'How many.', unit: '{call}' }).with({}).add(3)
    telemetry.gauge({ name: 'size', description: 'How big.', unit: 'By' }, () => [{ value: -0.5 }])
    telemetry.upDownCounter({ name: 'open', description: '', unit: '' }, () => [{ value: 2 }])
    await telemetry.flush()
    expect(receiver.metric('http.server.request.duration')).toMatchObject({
      unit: 's',
      histogram: {
        aggregationTemporality: 2,
        dataPoints: [
          {
            count: '1',
            sum: 0.7,
            min: 0.7,
            max: 0.7,
            bucketCounts: ['0', '1', '0'],
            explicitBounds: [0.5, 1],
            attributes: [{ key: 'http.route', value: { stringValue: '/' } }],
            exemplars: [{ asDouble: 0.7, traceId: span.trace.traceId, spanId: span.trace.spanId }],
          },
        ],
      },
    })
    expect(receiver.metric('calls')).toMatchObject({
      sum: { aggregationTemporality: 2, isMonotonic: true, dataPoints: [{ asDouble: 3 }] },
    })
    expect(receiver.metric('open')).toMatchObject({
      sum: { aggregationTemporality: 2, isMonotonic: false, dataPoints: [{ asDouble: 2 }] },
    })
    expect(receiver.metric('size')).toMatchObject({ gauge: { dataPoints: [{ asDouble: -0.5 }] } })
  })

  test('an export is sent periodically, and at once when a request is full', async () => {
    const receiver = await startReceiver()
    const env = { OTEL_BSP_SCHEDULE_DELAY: '60000', OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '100' }
    const full = telemetryForTest({ endpoint: receiver.url }, env)
    await full.flush()
    const before = receiver.requests.length
    recordSpans(full, 250)
    await until(() => receiver.spans.length === 250)
    expect(receiver.requests.length - before).toBe(3)
    recordSpans(full, 99)
    await full.flush()
    expect(receiver.spans).toHaveLength(349)

    const soon = telemetryForTest(
      { endpoint: receiver.url },
      { OTEL_BSP_SCHEDULE_DELAY: '10', OTEL_METRIC_EXPORT_INTERVAL: '10' },
    )
    soon.counter({ name: 'soon', description: '', unit: '1' }).with({}).add()
    recordSpans(soon, 1)
    await until(() => receiver.spans.length === 350 && receiver.metric('soon'))
  })

  test('an export goes to a separate address for each signal, with the headers of each signal', async () => {
    const receiver = await startReceiver()
    const telemetry = telemetryForTest(
      { headers: { 'x-team': 'tea' } },
      {
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${receiver.url}/v1/traces`,
        OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Basic%20c2VjcmV0%3D,x-other=1',
        OTEL_EXPORTER_OTLP_COMPRESSION: 'none',
        OTEL_SERVICE_NAME: 'named',
        OTEL_RESOURCE_ATTRIBUTES: 'service.name=overruled,deployment.environment.name=a%2Cb',
      },
    )
    recordSpans(telemetry, 1)
    await telemetry.flush()
    const [request] = receiver.requests
    expect(receiver.requests).toHaveLength(1)
    expect(request?.headers).toMatchObject({
      authorization: 'Basic c2VjcmV0=',
      'x-other': '1',
      'x-team': 'tea',
    })
    expect(request?.headers).not.toHaveProperty('content-encoding')
    expect(JSON.stringify(request?.json)).toContain(
      '{"key":"deployment.environment.name","value":{"stringValue":"a,b"}}',
    )
    expect(telemetry.resource['service.name']).toBe('named')
  })

  test('an export is disabled without an address, or if the variables disable it', async () => {
    const receiver = await startReceiver()
    const none = { OTEL_TRACES_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'none' }
    for (const telemetry of [telemetryForTest(), telemetryForTest({ endpoint: receiver.url }, none)]) {
      recordSpans(telemetry, 1_000)
      await telemetry.flush()
      await telemetry.stop()
      expect(telemetry.log).toEqual([])
    }
    expect(receiver.requests).toEqual([])
  })
})

describe('a shutdown', () => {
  test('a shutdown sends pending records', async () => {
    const receiver = await startReceiver()
    const telemetry = telemetryForTest({ endpoint: receiver.url })
    telemetry.counter({ name: 'last', description: '', unit: '1' }).with({}).add()
    recordSpans(telemetry, 1_300)
    await Promise.all([telemetry.stop(), telemetry.stop()])
    expect(receiver.spans).toHaveLength(1_300)
    expect(receiver.metric('last')).toBeDefined()
    const { length } = receiver.requests
    recordSpans(telemetry, 1_300)
    await wait(50)
    expect(receiver.requests).toHaveLength(length)
  })

  test('a shutdown does not wait for a backoff, and makes one more attempt', async () => {
    const receiver = await startReceiver({
      answer: (n) => (n === 0 ? { status: 503, headers: { 'retry-after': '300' } } : { status: 200 }),
    })
    const telemetry = telemetryForTest({ endpoint: receiver.url }, { OTEL_METRICS_EXPORTER: 'none' })
    recordSpans(telemetry, 5)
    void telemetry.flush()
    await until(() => receiver.requests.length === 1)
    recordSpans(telemetry, 5)
    await telemetry.stop()
    expect(receiver.spans).toHaveLength(10)
  })

  test('a shutdown ends if the receiver does not respond, and logs the losses', async () => {
    const receiver = await startReceiver({ answer: () => 'hang' })
    const telemetry = telemetryForTest({ endpoint: receiver.url })
    recordSpans(telemetry, 700)
    await telemetry.stop(200)
    expect(lostOf(telemetry)).toMatchObject({ 'spans unavailable': 700 })
    expect(lossesOf(telemetry).length).toBeGreaterThanOrEqual(2)
  })

  test('a shutdown ends at once if the receiver refuses connections', async () => {
    const receiver = await startReceiver()
    await receiver.kill()
    const telemetry = telemetryForTest({ endpoint: receiver.url })
    recordSpans(telemetry, 5)
    await telemetry.stop()
    expect(lossesOf(telemetry)).toContainEqual(
      expect.objectContaining({
        lost: 5,
        error: expect.objectContaining({ message: expect.stringContaining('ECONNREFUSED') }),
      }),
    )
  })
})
