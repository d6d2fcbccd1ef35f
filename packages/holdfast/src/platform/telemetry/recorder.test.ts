import { setTimeout as wait } from 'node:timers/promises'
import { attributesOf, type FinishedSpan, type Span } from 'holdfast/telemetry'
import { describe, expect, test } from 'vitest'
import { telemetryForTest } from './telemetry.fixture.ts'

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

/** Takes all of a reader's items. */
const all = (reader: { take(most: number): { readonly items: readonly FinishedSpan[] } }) =>
  reader.take(Number.POSITIVE_INFINITY).items

describe('a span', () => {
  test('a span is readable when it has ended, with everything that was recorded', () => {
    const telemetry = telemetryForTest()
    const reader = telemetry.readSpans()
    const before = performance.now()
    const span = telemetry.beginTrace('server', undefined)
    span.describe('GET /orders/{id}', { 'http.route': '/orders/{id}', 'http.request.method': 'GET' })
    span.set('http.request.method', '_OTHER')
    span.set('http.response.status_code', 500)
    span.addEvent('rerun', { attempt: 2 })
    span.fail('500', 'out of tea')
    span.fail('later')
    span.rename('GET /orders/{number}')
    expect(all(reader)).toEqual([])
    span.end()
    const [read] = all(reader)
    expect(read).toMatchObject({
      name: 'GET /orders/{number}',
      kind: 'server',
      failure: { type: '500', message: 'out of tea' },
      events: [{ name: 'rerun', attributes: { attempt: 2 } }],
      trace: { sampled: true },
      isContinued: false,
    })
    expect(attributesOf(read!)).toEqual({
      'http.route': '/orders/{id}',
      'http.request.method': '_OTHER',
      'http.response.status_code': 500,
      'error.type': '500',
    })
    expect(read!.startMs).toBeGreaterThanOrEqual(before)
    expect(read!.endMs).toBeGreaterThanOrEqual(read!.startMs)
    expect(read!.endMs).toBeLessThanOrEqual(performance.now())
  })

  test('a span ends at the given time', () => {
    const telemetry = telemetryForTest()
    const reader = telemetry.readSpans()
    const call = telemetry.beginTrace('server', undefined)
    call.end(1e12)
    expect(all(reader)).toMatchObject([{ endMs: 1e12 }])
  })

  test('a span ignores changes after its end, and ends once', () => {
    const telemetry = telemetryForTest()
    const reader = telemetry.readSpans()
    const span = telemetry.beginTrace('internal', undefined)
    span.describe('work', {})
    span.end()
    span.describe('other', { a: 1 })
    span.rename('other')
    span.set('b', 1)
    span.addEvent('c')
    span.fail('d')
    span.end()
    const spans = all(reader)
    expect(spans).toHaveLength(1)
    expect(spans[0]).toMatchObject({ name: 'work', events: [], failure: undefined })
    expect(attributesOf(spans[0]!)).toEqual({})
  })

  test('a span is a child of the span that started it, in any order of reading', () => {
    const telemetry = telemetryForTest()
    const root = telemetry.beginTrace('server', traceparent)
    const child = root.begin('select', 'client')
    const grandchild = child.begin('wait')
    grandchild.end()
    root.end()
    expect(grandchild.trace).toEqual({
      traceId: '0af7651916cd43dd8448eb211c80319c',
      spanId: expect.stringMatching(/^[0-9a-f]{16}$/),
      parentSpanId: child.trace.spanId,
      sampled: true,
    })
    expect(child.trace.parentSpanId).toBe(root.trace.spanId)
    expect(root.trace.parentSpanId).toBe('b7ad6b7169203331')
    expect(root.trace).toBe(root.trace)
  })

  test('a span keeps 128 attributes and events, and counts the others', () => {
    const telemetry = telemetryForTest()
    const reader = telemetry.readSpans()
    const span = telemetry.beginTrace('internal', undefined)
    for (let n = 0; n < 200; n += 1) {
      span.set(`a${n}`, n)
      span.addEvent(`e${n}`)
    }
    span.set('a0', 'changed')
    span.end()
    const [read] = all(reader)
    expect(read).toMatchObject({ droppedAttributes: 72, droppedEvents: 72 })
    expect(read!.ownAttributes.size).toBe(128)
    expect(read!.ownAttributes.get('a0')).toBe('changed')
    expect(read!.events).toHaveLength(128)
  })
})

describe('the active span', () => {
  test('the active span is kept across asynchronous calls', async () => {
    const telemetry = telemetryForTest()
    const seen: (Span | undefined)[] = []
    const run = (span: Span): Promise<void> =>
      telemetry.within(span, async () => {
        await wait(1)
        seen.push(telemetry.activeSpan())
      })
    const [one, two] = [telemetry.beginTrace('server', undefined), telemetry.beginTrace('server', undefined)]
    await Promise.all([run(one), run(two)])
    expect(seen).toEqual([one, two])
    expect(telemetry.activeSpan()).toBeUndefined()
  })

  test('the active span is the parent of a new trace, unless the trace comes from outside', () => {
    const telemetry = telemetryForTest()
    const outer = telemetry.beginTrace('server', undefined)
    telemetry.within(outer, () => {
      expect(telemetry.beginTrace('internal', undefined).trace.parentSpanId).toBe(outer.trace.spanId)
      expect(telemetry.beginTrace('server', undefined).trace.traceId).not.toBe(outer.trace.traceId)
      expect(telemetry.beginTrace('internal', traceparent).trace.parentSpanId).toBe('b7ad6b7169203331')
    })
  })
})

describe('the buffer', () => {
  test('the buffer keeps the latest spans; each reader has a separate position, and gets the number of spans that it missed', () => {
    const telemetry = telemetryForTest({ spanBufferSize: 10 })
    const write = (count: number): void => {
      for (let n = 0; n < count; n += 1) telemetry.beginTrace('internal', undefined).end()
    }
    const early = telemetry.readSpans()
    write(4)
    const late = telemetry.readSpans()
    write(4)
    expect(early.take(3)).toMatchObject({ items: { length: 3 }, lost: 0 })
    expect(early.pending).toBe(5)
    expect(late.take(100)).toMatchObject({ items: { length: 4 }, lost: 0 })
    write(12)
    expect(early.pending).toBe(17)
    expect(early.take(100)).toMatchObject({ items: { length: 10 }, lost: 7 })
    expect(late.take(100)).toMatchObject({ items: { length: 10 }, lost: 2 })
    expect(late.take(100)).toMatchObject({ items: [], lost: 0 })
    expect(telemetry.readSpans('oldest').take(100)).toMatchObject({ items: { length: 10 }, lost: 0 })
  })

  test('the buffer never mixes a span with a later span in the same position', () => {
    const telemetry = telemetryForTest({ spanBufferSize: 1 })
    const reader = telemetry.readSpans()
    const full = telemetry.beginTrace('server', traceparent)
    full.describe('full', { shared: 1 })
    full.set('own', 1)
    full.set('other', 2)
    full.addEvent('event')
    full.fail('failure')
    full.end()
    const [before] = all(reader)
    const plain = telemetry.beginTrace('client', undefined)
    plain.set('own', 3)
    plain.end()
    const [after] = all(reader)
    expect(after).toEqual({
      trace: plain.trace,
      name: 'client',
      kind: 'client',
      startMs: expect.any(Number),
      endMs: expect.any(Number),
      sharedAttributes: {},
      ownAttributes: new Map([['own', 3]]),
      events: [],
      failure: undefined,
      isContinued: false,
      droppedAttributes: 0,
      droppedEvents: 0,
    })
    expect(plain.trace).not.toHaveProperty('parentSpanId')
    expect(before).toMatchObject({
      name: 'full',
      trace: full.trace,
      isContinued: true,
      failure: { type: 'failure' },
    })
    expect(before!.ownAttributes.size).toBe(2)
  })
})

describe('sampling', () => {
  const share = (telemetry: ReturnType<typeof telemetryForTest>, header?: string): number => {
    let recorded = 0
    for (let n = 0; n < 4_000; n += 1) {
      const span = telemetry.beginTrace('server', header)
      if (span.isRecording) recorded += 1
      expect(span.trace.sampled).toBe(span.isRecording)
      expect(span.begin('child').isRecording).toBe(span.isRecording)
    }
    return recorded / 4_000
  }
  const unsampled = traceparent.replace(/01$/, '00')

  test.each([
    ['all traces are recorded by default', [{}, {}], { roots: 1, sampled: 1, unsampled: 0 }],
    ['an option sets the ratio', [{ samplingRatio: 0.25 }, {}], { roots: 0.25, sampled: 1, unsampled: 0 }],
    [
      'a variable disables it',
      [{}, { OTEL_TRACES_SAMPLER: 'always_off' }],
      { roots: 0, sampled: 0, unsampled: 0 },
    ],
    [
      'a variable records all traces, even those that the caller does not record',
      [{}, { OTEL_TRACES_SAMPLER: 'always_on' }],
      { roots: 1, sampled: 1, unsampled: 1 },
    ],
    [
      'a variable sets the ratio of traces that begin here',
      [{}, { OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.5' }],
      { roots: 0.5, sampled: 1, unsampled: 0 },
    ],
    [
      'a variable excludes traces that begin here',
      [{}, { OTEL_TRACES_SAMPLER: 'parentbased_always_off' }],
      { roots: 0, sampled: 1, unsampled: 0 },
    ],
  ] as const)('sampling: %s', (_, [options, env], expected) => {
    const telemetry = telemetryForTest(options, env)
    expect(Math.abs(share(telemetry) - expected.roots)).toBeLessThan(0.05)
    expect(share(telemetry, traceparent)).toBe(expected.sampled)
    expect(share(telemetry, unsampled)).toBe(expected.unsampled)
  })

  test('sampling by ratio selects the same traces in every service', () => {
    const env = { OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.5' }
    const [one, two] = [telemetryForTest({}, env), telemetryForTest({}, env)]
    const chosen = Array.from({ length: 100 }, (_, n) => {
      const header = `00-${crypto.randomUUID().replaceAll('-', '')}-b7ad6b7169203331-0${n % 2}`
      const first = one.beginTrace('server', header).isRecording
      expect(two.beginTrace('server', header).isRecording).toBe(first)
      return first
    })
    expect(new Set(chosen)).toEqual(new Set([true, false]))
  })
})

test('nothing is recorded if OpenTelemetry is disabled, and trace contexts pass through', async () => {
  const telemetry = telemetryForTest({ endpoint: 'http://127.0.0.1:9' }, { OTEL_SDK_DISABLED: 'true' })
  const reader = telemetry.readSpans()
  const span = telemetry.beginTrace('server', traceparent)
  expect(span.isRecording).toBe(false)
  expect(span.trace.traceId).toBe('0af7651916cd43dd8448eb211c80319c')
  span.end()
  telemetry.counter({ name: 'a', description: '', unit: '1' }).with({}).add()
  expect(reader.pending).toBe(0)
  expect(telemetry.readMetrics()).toEqual([])
  await telemetry.flush()
  expect(telemetry.log).toEqual([])
})
