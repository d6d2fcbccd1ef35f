import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { shop } from '../../transports/http/shop.fixture.ts'
import { startReceiver } from '../../platform/telemetry/otlp/receiver.fixture.ts'
import { serveForTest } from './serve.fixture.ts'

const inTest = (env: Readonly<Record<string, string>>) => ({ env: { NODE_ENV: 'test', ...env } })

describe('a served service', () => {
  test('a served service sends its spans and metrics to the configured receiver, the last ones when it stops', async () => {
    const receiver = await startReceiver()
    const server = await serveForTest(shop, inTest({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url }))
    const traceId = randomUUID().replaceAll('-', '')
    const answer = await fetch(`${server.url}/orders/1`, {
      headers: { traceparent: `00-${traceId}-b7ad6b7169203331-01` },
    })
    expect(answer.status).toBe(200)
    await server.stop()
    const span = receiver.spans.find((sent) => sent.traceId === traceId)
    expect(span).toMatchObject({ name: 'GET /orders/{id}', kind: 2, parentSpanId: 'b7ad6b7169203331' })
    expect(answer.headers.get('traceparent')).toBe(`00-${traceId}-${span!.spanId}-01`)
    expect(receiver.metric('http.server.request.duration')?.histogram?.dataPoints).toMatchObject([
      { count: '1', exemplars: [{ traceId, spanId: span!.spanId }] },
    ])
    const { json } = receiver.requests[0]!
    expect(JSON.stringify(json)).toContain(`{"key":"service.name","value":{"stringValue":"${shop.name}"}}`)
  })

  test('a served service records nothing if telemetry is disabled', async () => {
    const receiver = await startReceiver()
    const server = await serveForTest(shop, {
      ...inTest({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url }),
      telemetry: false,
    })
    expect((await fetch(`${server.url}/orders/1`)).headers.get('traceparent')).toMatch(/-00$/)
    await server.stop()
    expect(receiver.requests).toEqual([])
  })

  test('a served service serves its metrics on a separate port', async () => {
    const server = await serveForTest(shop, { telemetry: { metricsServer: { port: 0 } } })
    await fetch(`${server.url}/orders/1`)
    const url = String(server.log.find(({ msg }) => msg === 'serving metrics')?.['url'])
    expect(await (await fetch(url)).text()).toMatch(
      /^http_server_request_duration_seconds_count\{.*http_route="\/orders\/\{id\}".*\} 1$/m,
    )
    await server.stop()
    await expect(fetch(url)).rejects.toThrow('fetch failed')
  })

  test('a served service stops if the receiver does not respond', async () => {
    const receiver = await startReceiver({ answer: () => 'hang' })
    const server = await serveForTest(shop, {
      ...inTest({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url }),
      grace: '600ms',
    })
    await fetch(`${server.url}/orders/1`)
    await server.stop()
    expect(server.log).toContainEqual(expect.objectContaining({ msg: 'exporting spans failed' }))
  })

  test('a served service does not start if an OpenTelemetry variable is invalid', async () => {
    const start = serveForTest(shop, inTest({ OTEL_TRACES_SAMPLER: 'sometimes' }))
    await expect(start).rejects.toMatchObject({ code: 'configuration-invalid' })
  })
})
