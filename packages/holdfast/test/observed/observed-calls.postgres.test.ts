import { anyone, holdfast, problem } from 'holdfast'
import { postgres, sql } from 'holdfast/postgres'
import { attributesOf, createTelemetry, type FinishedSpan, type Metric } from 'holdfast/telemetry'
import { createTestService } from 'holdfast/testing'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'

const { query, mutation, service } = holdfast({
  database: postgres({ migrations: new URL('./', import.meta.url), connections: { reads: 1, writes: 1 } }),
})
const Thing = z.object({ id: z.int(), name: z.string() })
const Refused = problem('refused', { status: 409, title: 'Refused' })

const readThing = query({
  route: 'GET /things/{id}',
  access: anyone('a test'),
  input: z.object({ id: z.int() }),
  output: Thing,
  async run({ input, db }) {
    const [thing] = await db.query<z.infer<typeof Thing>>(
      sql`select id, name from things where id = ${input.id}`,
    )
    if (!thing) throw new TypeError('no such thing')
    return thing
  },
})
const addThing = mutation({
  route: 'POST /things',
  access: anyone('a test'),
  input: z.object({ name: z.string() }),
  output: Thing,
  problems: [Refused],
  async run({ input, db, log }) {
    if (input.name === 'refused') throw Refused()
    log.info({ name: input.name, access: { token: 'of-somebody' } }, 'adding')
    const [thing] = await db.query<z.infer<typeof Thing>>(
      sql`insert into things (name) values (${input.name}) returning id, name`,
    )
    return thing!
  },
})
const watched = service({ name: 'watched', operations: { readThing, addThing }, redact: ['name'] })

/**
 * Starts the service with telemetry, and returns the telemetry of the requests that `work` sends.
 */
async function observe(
  work: (send: (path: string, init?: RequestInit) => Promise<Response>) => Promise<void>,
) {
  const telemetry = createTelemetry({ runtimeMetrics: false }, { env: { NODE_ENV: 'test' } })
  const lines: Record<string, unknown>[] = []
  const onLog = (line: string): void => void lines.push(JSON.parse(line) as Record<string, unknown>)
  await using running = await createTestService(watched, { telemetry, onLog })
  // Opens connections first, so that they do not appear in the telemetry.
  await running.fetch('/things/0')
  await running.send('addThing', { name: 'first' })
  telemetry.readSpans('oldest').take(1_000)
  const reader = telemetry.readSpans()
  lines.length = 0
  await work((path, init) => running.fetch(path, init))
  const { items: spans } = reader.take(1_000)
  const metrics = telemetry.readMetrics()
  await telemetry.stop()
  return { spans, lines, metrics }
}

function post(body: object, headers: Record<string, string> = {}): RequestInit {
  return {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': crypto.randomUUID(), ...headers },
    body: JSON.stringify(body),
  }
}

// A call has this span only if it has to wait for a connection, because another call has just
// ended.
const waiting = 'acquire connection'

/** Returns the spans as a tree of names, siblings in the order in which they began. */
function treeOf(spans: readonly FinishedSpan[], parent?: FinishedSpan): unknown[] {
  return spans
    .filter(({ name }) => name !== waiting)
    .filter(({ trace }) =>
      parent
        ? trace.parentSpanId === parent.trace.spanId
        : !spans.some((other) => other.trace.spanId === trace.parentSpanId),
    )
    .toSorted((a, b) => a.startMs - b.startMs)
    .map((span) => {
      const within = treeOf(spans, span)
      return within.length === 0 ? span.name : [span.name, within]
    })
}

function spanNamed(spans: readonly FinishedSpan[], name: string): FinishedSpan {
  return spans.find((span) => span.name === name)!
}

function pointsOf(metrics: readonly Metric[], name: string) {
  return metrics.find(({ definition }) => definition.name === name)!.points
}

describe('a mutation', () => {
  test('a mutation has spans for its transaction and for every statement', async () => {
    const { spans } = await observe(async (send) => void (await send('/things', post({ name: 'second' }))))
    expect(treeOf(spans)).toEqual([
      [
        'POST /things',
        [
          [
            'transaction',
            [
              'BEGIN',
              'SELECT holdfast.idempotency_keys',
              'INSERT things',
              'INSERT holdfast.idempotency_keys',
              'COMMIT',
            ],
          ],
        ],
      ],
    ])
    const call = spanNamed(spans, 'POST /things')
    expect(call.kind).toBe('server')
    expect(call.sharedAttributes).toEqual({
      'http.request.method': 'POST',
      'http.route': '/things',
      'url.scheme': 'http',
      'holdfast.operation': 'addThing',
    })
    expect(Object.fromEntries(call.ownAttributes)).toEqual({
      'url.path': '/things',
      'http.response.status_code': 200,
    })
    const insert = spanNamed(spans, 'INSERT things')
    expect(insert.kind).toBe('client')
    expect(insert.sharedAttributes).toMatchObject({
      'db.system.name': 'postgresql',
      'db.operation.name': 'INSERT',
      'db.query.text': 'insert into things (name) values ($1) returning id, name',
      'server.address': expect.any(String),
    })
    expect(Object.fromEntries(insert.ownAttributes)['db.response.returned_rows']).toBe(1)
  })

  test('a mutation that is replayed is marked as a replay', async () => {
    const init = post({ name: 'once' })
    const { spans, metrics } = await observe(async (send) => {
      await send('/things', init)
      await send('/things', init)
    })
    expect(spans.filter(({ name }) => name === 'INSERT things')).toHaveLength(1)
    expect(
      pointsOf(metrics, 'holdfast.idempotency.calls').map(({ attributes, ...point }) => [
        attributes['holdfast.outcome'],
        'value' in point ? point.value : undefined,
      ]),
    ).toEqual([
      ['run', 2],
      ['replayed', 1],
    ])
  })

  test('the problem of a mutation is recorded, but not as a failure of the service', async () => {
    const { spans } = await observe(async (send) => void (await send('/things', post({ name: 'refused' }))))
    const call = spanNamed(spans, 'POST /things')
    expect(Object.fromEntries(call.ownAttributes)['holdfast.problem.code']).toBe('refused')
    expect(call.failure).toBeUndefined()
  })

  test('the telemetry of a failed statement contains the SQLSTATE, but no values', async () => {
    const { spans } = await observe(async (send) => {
      await send('/things', post({ name: 'same-secret' }))
      await send('/things', post({ name: 'same-secret' }))
    })
    const failed = spans.filter(({ name, failure }) => name === 'INSERT things' && failure)
    expect(failed.map(({ failure }) => failure)).toEqual([{ type: '23505', message: undefined }])
    expect(
      JSON.stringify(spans.map((span) => [span.sharedAttributes, [...span.ownAttributes], span.failure])),
    ).not.toContain('same-secret')
  })
})

describe('a request', () => {
  test('a request continues the trace of its caller', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    const { spans } = await observe(async (send) => {
      const response = await send('/things/1', { headers: { traceparent } })
      expect(response.headers.get('traceparent')).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-/)
    })
    // In addition to the handler's statement, there may be a check for schema changes.
    expect(treeOf(spans)).toEqual([
      ['GET /things/{id}', expect.arrayContaining(['SELECT things']) as readonly string[]],
    ])
    expect(spanNamed(spans, 'GET /things/{id}').trace.parentSpanId).toBe('b7ad6b7169203331')
  })

  test('a request has one log line, and its handler logs with the same ids', async () => {
    const { lines, spans } = await observe(
      async (send) => void (await send('/things', post({ name: 'third' }))),
    )
    const { traceId, spanId } = spanNamed(spans, 'POST /things').trace
    expect(lines).toHaveLength(2)
    expect(lines[0]).toMatchObject({
      level: 'info',
      msg: 'adding',
      operation: 'addThing',
      traceId,
      spanId,
      name: '[redacted]',
      access: { token: '[redacted]' },
    })
    expect(lines[1]).toMatchObject({
      level: 'info',
      msg: 'POST /things 200',
      operation: 'addThing',
      method: 'POST',
      route: '/things',
      status: 200,
      statements: 1,
      requestId: lines[0]!['requestId'],
      traceId,
      spanId,
    })
    expect(lines[1]!['durationMs']).toBeGreaterThan(0)
  })

  test('a request that fails is a failure in its span and its metric', async () => {
    const { spans, metrics } = await observe(async (send) => void (await send('/things/77')))
    expect(spanNamed(spans, 'GET /things/{id}').failure).toMatchObject({ type: 'internal-error' })
    const points = pointsOf(metrics, 'http.server.request.duration')
    expect(points.map(({ attributes }) => attributes)).toContainEqual({
      'http.request.method': 'GET',
      'http.route': '/things/{id}',
      'http.response.status_code': 500,
      'url.scheme': 'http',
      'error.type': '500',
    })
  })

  test('a request for an unknown route creates no new series', async () => {
    const { metrics, spans } = await observe(async (send) => {
      for (const path of ['/a', '/b', '/c']) await send(path)
      await send('/d', { method: 'PROPFIND' })
    })
    const unrouted = pointsOf(metrics, 'http.server.request.duration').filter(
      ({ attributes }) => attributes['http.route'] === undefined,
    )
    expect(unrouted.map(({ attributes }) => attributes['http.request.method'])).toEqual(['GET', '_OTHER'])
    expect(spans.map(({ name }) => name)).toEqual(['GET', 'GET', 'GET', 'HTTP'])
    expect(spans.map((span) => attributesOf(span)['http.request.method_original'])).toEqual([
      undefined,
      undefined,
      undefined,
      'PROPFIND',
    ])
    expect(spans.map((span) => attributesOf(span)['url.path'])).toEqual(['/a', '/b', '/c', '/d'])
  })
})

test('a call without a transport is a root span', async () => {
  const telemetry = createTelemetry({ runtimeMetrics: false }, { env: { NODE_ENV: 'test' } })
  await using running = await createTestService(watched, { telemetry })
  const reader = telemetry.readSpans()
  await running.call.addThing({ name: 'inside' })
  const { items: spans } = reader.take(100)
  expect(spanNamed(spans, 'addThing')).toMatchObject({
    kind: 'internal',
    sharedAttributes: { 'holdfast.operation': 'addThing' },
  })
  await telemetry.stop()
})
