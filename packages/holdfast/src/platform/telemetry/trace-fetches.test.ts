import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { anyone, holdfast } from 'holdfast'
import { createHandler } from 'holdfast/http'
import { attributesOf, type FinishedSpan } from 'holdfast/telemetry'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { telemetryForTest, type TelemetryForTest } from './telemetry.fixture.ts'
import { readUntracedHosts } from './untraced-hosts.ts'
import { testHost } from '../../../test/test-host.ts'

const traceId = '0af7651916cd43dd8448eb211c80319c'
const traceparent = `00-${traceId}-b7ad6b7169203331-01`

/** The headers of each request that the other service got. */
const received: IncomingHttpHeaders[] = []
const other = createServer((request, response) => {
  received.push(request.headers)
  if (request.url === '/moved') response.writeHead(302, { location: '/' })
  else if (request.url === '/missing') response.writeHead(404)
  response.end('{}')
})
let port: number
let url: string

beforeAll(async () => {
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  port = (other.address() as AddressInfo).port
  url = `http://127.0.0.1:${port}`
})
afterAll(() => {
  other.close()
  other.closeAllConnections()
})
beforeEach(() => {
  received.length = 0
})

/**
 * Runs work within a span whose trace began in another service. Returns the spans that ended while
 * the work ran.
 */
async function traced(
  telemetry: TelemetryForTest,
  work: () => Promise<unknown>,
  header = traceparent,
): Promise<readonly FinishedSpan[]> {
  const reader = telemetry.readSpans()
  const span = telemetry.beginTrace('server', header, 'congo=1, rojo=2')
  await telemetry.within(span, work)
  return reader.take(100).items
}

const ask = async (path = '', init?: RequestInit): Promise<string> => (await fetch(url + path, init)).text()

describe('a fetch within a span', () => {
  test('a fetch within a span is a client span, and propagates its trace context', async () => {
    const telemetry = telemetryForTest()
    const [span] = await traced(telemetry, () => ask('/things?token=secret', { method: 'POST' }))
    expect(span).toMatchObject({ name: 'POST', kind: 'client', trace: { traceId }, failure: undefined })
    expect(attributesOf(span!)).toEqual({
      'http.request.method': 'POST',
      'server.address': '127.0.0.1',
      'server.port': port,
      'url.full': `${url}/things`,
      'http.response.status_code': 200,
    })
    expect(received).toMatchObject([
      { traceparent: `00-${traceId}-${span!.trace.spanId}-01`, tracestate: 'congo=1,rojo=2' },
    ])
  })

  test('a fetch within a span is sent to the host of its URL, in any form of path', async () => {
    const telemetry = telemetryForTest({ untracedHosts: ['api.example.com'] })
    const [span] = await traced(telemetry, () => ask('//api.example.com/things'))
    expect(attributesOf(span!)['url.full']).toBe(`${url}//api.example.com/things`)
    expect(received[0]).toHaveProperty('traceparent')
  })

  test('a fetch within a span has a separate span for each request, including redirects', async () => {
    const telemetry = telemetryForTest()
    const spans = await traced(telemetry, () => ask('/moved'))
    expect(spans.map((span) => attributesOf(span)['http.response.status_code'])).toEqual([302, 200])
    expect(received.map((headers) => headers['traceparent'])).toEqual(
      spans.map(({ trace }) => `00-${traceId}-${trace.spanId}-01`),
    )
  })

  test('a fetch within a span keeps the headers that the program has set', async () => {
    const telemetry = telemetryForTest()
    const own = `00-${'1'.repeat(32)}-${'2'.repeat(16)}-00`
    await traced(telemetry, async () => {
      await ask('', { headers: { TraceParent: own } })
      await ask('', { headers: { TraceState: 'mine=1' } })
    })
    expect(received[0]).toMatchObject({ traceparent: own })
    expect(received[0]).not.toHaveProperty('tracestate')
    expect(received[1]).toMatchObject({ traceparent: expect.stringContaining(traceId), tracestate: 'mine=1' })
  })

  test('a fetch in a trace that is not recorded propagates the trace, with a new id for each request', async () => {
    const telemetry = telemetryForTest()
    const unsampled = traceparent.replace(/01$/, '00')
    const spans = await traced(telemetry, () => Promise.all([ask(), ask()]), unsampled)
    expect(spans).toEqual([])
    const sent = received.map((headers) => headers['traceparent'])
    for (const each of sent) expect(each).toMatch(new RegExp(`^00-${traceId}-[0-9a-f]{16}-00$`))
    expect(new Set(sent).size).toBe(2)
  })

  test('a fetch within a span that fails, or returns an error, is a failed span', async () => {
    const telemetry = telemetryForTest()
    const free = createServer()
    await new Promise<void>((resolve) => free.listen(0, '127.0.0.1', resolve))
    const closed = (free.address() as AddressInfo).port
    await new Promise((resolve) => free.close(resolve))
    const spans = await traced(telemetry, async () => {
      await ask('/missing')
      await expect(fetch(`http://127.0.0.1:${closed}`)).rejects.toThrow(TypeError)
    })
    expect(spans.map(({ failure }) => failure?.type)).toEqual(['404', 'ECONNREFUSED'])
  })

  test('a fetch within a span ends its span with the head of the response, even if the body is not read', async () => {
    const telemetry = telemetryForTest()
    const spans = await traced(telemetry, () => fetch(url))
    expect(spans).toHaveLength(1)
  })

  test('a fetch within a span sends no trace context to an excluded host, but still has a span', async () => {
    const telemetry = telemetryForTest({ untracedHosts: ['127.0.0.1'] })
    const spans = await traced(telemetry, () => ask())
    expect(spans).toHaveLength(1)
    expect(received[0]).not.toHaveProperty('traceparent')
    expect(received[0]).not.toHaveProperty('tracestate')
  })
})

describe('a fetch is not traced', () => {
  test('a fetch is not traced outside of a span', async () => {
    const telemetry = telemetryForTest()
    const reader = telemetry.readSpans()
    await ask()
    expect(received[0]).not.toHaveProperty('traceparent')
    expect(reader.take(100).items).toEqual([])
  })

  test('a fetch is not traced after its span has ended', async () => {
    const telemetry = telemetryForTest()
    const span = telemetry.beginTrace('server', traceparent)
    await telemetry.within(span, () => {
      span.end()
      return ask()
    })
    expect(received[0]).not.toHaveProperty('traceparent')
  })

  test('a fetch is not traced after the telemetry has stopped', async () => {
    const telemetry = telemetryForTest()
    await telemetry.stop()
    await traced(telemetry, () => ask())
    expect(received[0]).not.toHaveProperty('traceparent')
  })
})

test('a handler that calls fetch propagates the trace and its state', async () => {
  const telemetry = telemetryForTest()
  const reader = telemetry.readSpans()
  const { query, service } = holdfast()
  const look = query({
    route: 'GET /look',
    access: anyone('a test'),
    output: z.object({}),
    run: async () => {
      await ask()
      return {}
    },
  })
  const running = await service({ name: 'looking', operations: { look } }).start(testHost({ telemetry }))
  const { fetch: call } = createHandler(running)
  const headers = { traceparent, tracestate: 'congo=1' }
  expect((await call(new Request('http://looking.test/look', { headers }))).status).toBe(200)
  const [client, server] = reader.take(100).items
  expect(client!.trace.parentSpanId).toBe(server!.trace.spanId)
  expect(received).toMatchObject([
    { traceparent: `00-${traceId}-${client!.trace.spanId}-01`, tracestate: 'congo=1' },
  ])
})

describe('untracedHosts', () => {
  test.each([
    ['api.example.com', 'api.example.com', true],
    ['API.example.com', 'api.example.com', true],
    ['api.example.com', 'other.example.com', false],
    ['*.example.com', 'api.example.com', true],
    ['*.example.com', 'a.b.example.com', true],
    ['*.example.com', 'example.com', false],
    ['*.example.com', 'badexample.com', false],
    ['::1', '::1', true],
  ])('untracedHosts with %j includes %j: %j', (pattern, host, expected) => {
    expect(readUntracedHosts([pattern])(host)).toBe(expected)
  })

  test.each(['https://example.com', 'example.com:443', 'example.com/path', '*', 'a*.example.com', ''])(
    'untracedHosts rejects %j',
    (pattern) => {
      expect(() => readUntracedHosts([pattern])).toThrow(
        expect.objectContaining({ code: 'configuration-invalid' }),
      )
    },
  )
})
