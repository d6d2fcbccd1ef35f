import { describe, expect, test } from 'vitest'
import { telemetryForTest } from '../telemetry.fixture.ts'

const duration = { name: 'duration', description: 'How long.', unit: 's', bounds: [1, 2, 5] }
const calls = { name: 'calls', description: 'How many.', unit: '{call}' }

describe('a histogram', () => {
  test('a histogram counts each value in the bucket whose bound it does not exceed', () => {
    const telemetry = telemetryForTest()
    const series = telemetry.histogram(duration).with({ a: 1 })
    for (const value of [0.5, 1, 1.5, 2, 5, 6, -1]) series.record(value)
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) series.record(value)
    const [metric] = telemetry.readMetrics()
    expect(metric).toMatchObject({
      kind: 'histogram',
      definition: duration,
      bounds: [1, 2, 5],
      points: [{ attributes: { a: 1 }, count: 7, sum: 15, min: -1, max: 6, bucketCounts: [3, 2, 1, 1] }],
    })
  })

  test('a histogram keeps the last sampled span of each bucket as an example', () => {
    const telemetry = telemetryForTest()
    const series = telemetry.histogram(duration).with({})
    const [first, last] = [
      telemetry.beginTrace('server', undefined),
      telemetry.beginTrace('server', undefined),
    ]
    const unsampled = telemetry.beginTrace('server', `00-${'a'.repeat(32)}-${'b'.repeat(16)}-00`)
    series.record(0.1, first)
    series.record(0.2, last, 42)
    series.record(0.3, unsampled)
    series.record(3, unsampled)
    const [metric] = telemetry.readMetrics()
    expect(metric?.points[0]).toMatchObject({
      exemplars: [
        { value: 0.2, atMs: 42, traceId: last.trace.traceId, spanId: last.trace.spanId },
        undefined,
        undefined,
        undefined,
      ],
    })
  })
})

describe('a series', () => {
  test('a series is the same for equal attributes, in any order and from any caller', () => {
    const telemetry = telemetryForTest()
    telemetry.counter(calls).with({ a: 1, b: 'x' }).add()
    telemetry.counter(calls).with({ b: 'x', a: 1 }).add(2)
    telemetry.counter(calls).with({ a: '1', b: 'x' }).add(4)
    expect(telemetry.readMetrics()).toMatchObject([
      { points: [{ value: 3 }, { attributes: { a: '1', b: 'x' }, value: 4 }] },
    ])
  })

  test('a series does not change when the object that held its attributes changes', () => {
    const telemetry = telemetryForTest()
    const attributes = { a: 1 }
    telemetry.counter(calls).with(attributes).add()
    attributes.a = 2
    expect(telemetry.readMetrics()).toMatchObject([{ points: [{ attributes: { a: 1 } }] }])
  })

  test('series beyond the limit are counted in one common series, so that totals stay correct', () => {
    const telemetry = telemetryForTest()
    const [counter, histogram] = [telemetry.counter(calls), telemetry.histogram(duration)]
    for (let n = 0; n < 5_000; n += 1) {
      counter.with({ n }).add()
      histogram.with({ n }).record(1)
    }
    counter.with({ n: 0 }).add()
    telemetry.gauge({ name: 'size', description: '', unit: '1' }, () =>
      Array.from({ length: 5_000 }, (_, n) => ({ value: n, attributes: { n } })),
    )
    const overflow = { 'otel.metric.overflow': true }
    const [counted, distributed, read] = telemetry.readMetrics()
    expect(counted?.points).toHaveLength(2_000)
    expect(counted?.points[0]).toEqual({ attributes: { n: 0 }, value: 2 })
    expect(counted?.points.at(-1)).toEqual({ attributes: overflow, value: 3_001 })
    expect(distributed?.points).toHaveLength(2_000)
    expect(distributed?.points.at(-1)).toMatchObject({ attributes: overflow, count: 3_001 })
    expect(read?.points).toHaveLength(2_000)
  })
})

test('a counter only grows', () => {
  const telemetry = telemetryForTest()
  const series = telemetry.counter(calls).with({})
  for (const amount of [1, -5, Number.NaN, Number.POSITIVE_INFINITY, 0.5]) series.add(amount)
  expect(telemetry.readMetrics()).toMatchObject([{ kind: 'counter', points: [{ value: 1.5 }] }])
})

describe('a gauge', () => {
  const size = { name: 'size', description: 'How big.', unit: 'By' }

  test('a gauge is read on each collection, from all its callbacks, until they are removed', () => {
    const telemetry = telemetryForTest()
    let value = 1
    const forget = telemetry.gauge(size, () => [{ value, attributes: { pool: 'a' } }])
    telemetry.gauge(size, () => [{ value: 9, attributes: { pool: 'b' } }])
    value = 2
    expect(telemetry.readMetrics()).toMatchObject([
      { kind: 'gauge', points: [{ value: 2, attributes: { pool: 'a' } }, { value: 9 }] },
    ])
    forget()
    expect(telemetry.readMetrics()).toMatchObject([{ points: [{ value: 9, attributes: { pool: 'b' } }] }])
  })

  test('a gauge that throws does not affect other gauges, and is logged once', () => {
    const telemetry = telemetryForTest()
    telemetry.gauge({ ...size, name: 'broken' }, () => {
      throw new Error('no disk')
    })
    telemetry.gauge(size, () => [{ value: 1 }, { value: Number.NaN, attributes: { bad: true } }])
    for (let n = 0; n < 3; n += 1) {
      expect(telemetry.readMetrics()).toMatchObject([{ definition: size, points: [{ value: 1 }] }])
    }
    expect(telemetry.log).toMatchObject([
      { level: 'warn', msg: 'reading the instrument "broken" failed', error: { message: 'no disk' } },
    ])
  })
})

test('an up-down counter is read on each collection, and is not a gauge', () => {
  const telemetry = telemetryForTest()
  const open = { name: 'open', description: 'How many.', unit: '{connection}' }
  let value = 3
  const forget = telemetry.upDownCounter(open, () => [{ value }])
  telemetry.gauge(open, () => [{ value: 9 }])
  value = 1
  expect(telemetry.readMetrics()).toMatchObject([{ kind: 'upDownCounter', points: [{ value: 1 }] }])
  expect(telemetry.log).toHaveLength(1)
  forget()
  expect(telemetry.readMetrics()).toEqual([])
})

test('two instruments with one name are reported, and the first one is kept', () => {
  const telemetry = telemetryForTest()
  telemetry.counter(calls).with({}).add()
  telemetry
    .histogram({ ...calls, bounds: [1] })
    .with({})
    .record(1)
  telemetry.gauge(calls, () => [{ value: 1 }])
  expect(telemetry.readMetrics()).toMatchObject([{ kind: 'counter', points: [{ value: 1 }] }])
  expect(telemetry.log).toHaveLength(1)
  expect(telemetry.log[0]?.['msg']).toContain('"calls" is already registered as a counter')
})
