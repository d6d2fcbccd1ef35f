import { channel } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { anyone, holdfast } from 'holdfast'
import { createHandler } from 'holdfast/http'
import { openTelemetry } from 'holdfast/opentelemetry'
import { attributesOf, createTelemetry } from 'holdfast/telemetry'
import { z } from 'zod'
import { testHost } from '../../../test/test-host.ts'

// Makes a call whose handler creates spans with OpenTelemetry's API. Prints the spans, grouped by
// the provider that recorded them.
const [, , situation] = process.argv

const exporter = new InMemorySpanExporter()
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
if (situation === 'with-sdk') {
  trace.setGlobalTracerProvider(provider)
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
}

const receiver = createServer((request, response) => void request.resume().on('end', () => response.end()))
let received: Promise<unknown> = Promise.resolve()
if (situation === 'instrumented') {
  // Creates a span for each request of this process, as an instrumentation of node:http does.
  channel('http.client.request.start').subscribe(() => trace.getTracer('http').startSpan('POST').end())
  await once(receiver.listen(0, '127.0.0.1'), 'listening')
  received = once(receiver, 'request')
}

const { query, service } = holdfast()
const work = query({
  route: 'GET /work',
  access: anyone('a test'),
  output: z.object({ carried: z.string().optional() }),
  async run() {
    const tracer = trace.getTracer('a-library', '1.2.3')
    trace.getActiveSpan()?.setAttribute('seen.by.user', true)
    return tracer.startActiveSpan(
      'outer work',
      { kind: SpanKind.CLIENT, attributes: { n: 1, list: ['a', 'b'], email: 'ada@example.org' } },
      async (outer) => {
        await new Promise((resolve) => setImmediate(resolve))
        const inner = tracer.startSpan('inner work')
        inner.recordException(new TypeError('broken'))
        inner.setStatus({ code: SpanStatusCode.ERROR, message: 'it broke' })
        inner.updateName('inner work, renamed')
        inner.end()
        const carrier: Record<string, string> = {}
        propagation.inject(context.active(), carrier)
        outer.end()
        return { carried: carrier['traceparent'] }
      },
    )
  },
})

const telemetry = createTelemetry(
  { bridge: openTelemetry(), runtimeMetrics: false },
  { env: { NODE_ENV: 'test', ...exportsTo(receiver.address() as AddressInfo | null) } },
)
const running = await service({ name: 'bridged', operations: { work }, redact: ['email'] }).start(
  testHost({ telemetry }),
)
const reader = telemetry.readSpans()
const response = await createHandler(running).fetch(new Request('http://service.test/work'))
await received
const own = reader.take(100).items.map((span) => ({
  name: span.name,
  kind: span.kind,
  trace: span.trace,
  attributes: attributesOf(span),
  failure: span.failure,
  events: span.events.map(({ name, attributes }) => ({ name, attributes })),
}))
const sdk = exporter.getFinishedSpans().map((span) => ({
  name: span.name,
  trace: { ...span.spanContext(), parentSpanId: span.parentSpanContext?.spanId },
}))
await running.stop()
await telemetry.stop()
receiver.close()
const isLeft = trace.getTracer('after').startSpan('after').isRecording()
process.stdout.write(JSON.stringify({ body: await response.json(), own, sdk, isLeft }))

function exportsTo(address: AddressInfo | null): Record<string, string> {
  if (!address) return {}
  return { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${address.port}`, OTEL_BSP_SCHEDULE_DELAY: '20' }
}
