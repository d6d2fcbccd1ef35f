import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const run = promisify(execFile)
const program = fileURLToPath(new URL('./bridged-main.fixture.ts', import.meta.url))

interface Recorded {
  readonly name: string
  readonly kind?: string
  readonly trace: { readonly traceId: string; readonly spanId: string; readonly parentSpanId?: string }
  readonly attributes?: Record<string, unknown>
  readonly failure?: unknown
  readonly events?: readonly { readonly name: string; readonly attributes: Record<string, unknown> }[]
}

interface Outcome {
  readonly body: { readonly carried?: string }
  /** The spans that Holdfast recorded. */
  readonly own: readonly Recorded[]
  /** The spans that the SDK recorded. */
  readonly sdk: readonly Recorded[]
  /** True if spans are still recorded after the service has stopped. */
  readonly isLeft: boolean
}

/**
 * Runs a call that creates spans with OpenTelemetry's API. It runs in a separate process, because
 * registrations are global.
 */
async function observe(situation: 'alone' | 'with-sdk' | 'instrumented'): Promise<Outcome> {
  const { stdout } = await run(process.execPath, ['--conditions=holdfast:source', program, situation])
  return JSON.parse(stdout) as Outcome
}

const named = (spans: readonly Recorded[], name: string): Recorded =>
  spans.find((span) => span.name === name)!

test('without a registered provider, spans of the OpenTelemetry API are recorded by Holdfast', async () => {
  const { own, sdk, body, isLeft } = await observe('alone')
  expect(sdk).toEqual([])
  expect(own.map(({ name }) => name).sort()).toEqual(['GET /work', 'inner work, renamed', 'outer work'])
  const [call, outer, inner] = ['GET /work', 'outer work', 'inner work, renamed'].map((name) =>
    named(own, name),
  )
  expect(outer!.trace).toMatchObject({ traceId: call!.trace.traceId, parentSpanId: call!.trace.spanId })
  expect(inner!.trace).toMatchObject({ traceId: call!.trace.traceId, parentSpanId: outer!.trace.spanId })
  expect(call!.attributes).toMatchObject({ 'seen.by.user': true })
  expect(outer!).toMatchObject({
    kind: 'client',
    attributes: {
      'otel.scope.name': 'a-library',
      'otel.scope.version': '1.2.3',
      n: 1,
      list: '["a","b"]',
      email: '[redacted]',
    },
  })
  expect(inner!).toMatchObject({
    failure: { type: 'error', message: 'it broke' },
    events: [
      { name: 'exception', attributes: { 'exception.type': 'TypeError', 'exception.message': 'broken' } },
    ],
  })
  expect(body.carried).toBe(`00-${outer!.trace.traceId}-${outer!.trace.spanId}-01`)
  expect(isLeft).toBe(false)
})

test('with a registered SDK, its spans go to the SDK, with the span of the call as their parent', async () => {
  const { own, sdk, isLeft } = await observe('with-sdk')
  const call = named(own, 'GET /work')
  expect(own).toHaveLength(1)
  expect(call.attributes).toMatchObject({ 'seen.by.user': true })
  expect(named(sdk, 'outer work').trace).toMatchObject({
    traceId: call.trace.traceId,
    parentSpanId: call.trace.spanId,
  })
  expect(named(sdk, 'inner work, renamed').trace.parentSpanId).toBe(named(sdk, 'outer work').trace.spanId)
  expect(isLeft).toBe(true)
})

test('requests that export spans create no spans, in any instrumentation', async () => {
  const { own } = await observe('instrumented')
  expect(own.map(({ name }) => name).sort()).toEqual(['GET /work', 'inner work, renamed', 'outer work'])
})
