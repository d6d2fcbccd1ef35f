import { anyone, event, holdfast } from 'holdfast'
import { postgres } from 'holdfast/postgres'
import { createTelemetry, type FinishedSpan } from 'holdfast/telemetry'
import { createTestService, until } from 'holdfast/testing'
import { expect, test } from 'vitest'
import { z } from 'zod'

const { consumer, job, mutation, service } = holdfast({ database: postgres() })

const Counted = event('thing.counted', { payload: z.int() })
const audit = job({ name: 'audit', input: z.object({}), run: () => {} })
const count = consumer({
  name: 'count',
  event: Counted,
  run: async ({ jobs }) => void (await jobs.enqueue(audit, {})),
})
const publishSome = mutation({
  route: 'POST /counts',
  access: anyone('a test'),
  async run({ jobs, publish }) {
    await publish(Counted, 'a', 1)
    await jobs.enqueue(audit, {})
  },
})
const tested = service({
  name: 'traced',
  operations: { publishSome },
  jobs: [audit],
  consumers: [count],
})

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'

/**
 * Calls the mutation within a trace, and returns its spans and those of everything that it causes.
 */
async function spansOf(flags: string): Promise<readonly FinishedSpan[]> {
  const telemetry = createTelemetry({ runtimeMetrics: false }, { env: { NODE_ENV: 'test' } })
  const reader = telemetry.readSpans()
  const on = await createTestService(tested, { telemetry, onLog: () => {} })
  await on.fetch('/counts', {
    method: 'POST',
    headers: { 'idempotency-key': '"once"', traceparent: `00-${traceId}-00f067aa0ba902b7-${flags}` },
  })
  await until(
    async () => (await on.sql(`select from holdfast.all_jobs where state = 'succeeded'`)).length === 3,
  )
  await on.stop()
  const { items } = reader.take(1_000)
  await telemetry.stop()
  return items
}

const isOfInterest = ({ name }: FinishedSpan): boolean => name === 'POST /counts' || name.startsWith('job ')

/** Returns the call or the job that a span began in. */
function originOf({ trace }: FinishedSpan, spans: readonly FinishedSpan[]): FinishedSpan | undefined {
  const parent = spans.find((span) => span.trace.spanId === trace.parentSpanId)
  return parent && !isOfInterest(parent) ? originOf(parent, spans) : parent
}

test('jobs and consumers that a mutation starts, and the jobs that these enqueue, belong to its trace', async () => {
  const spans = await spansOf('01')
  const found = spans.filter(isOfInterest)
  expect(new Set(found.map(({ trace }) => trace.traceId))).toEqual(new Set([traceId]))
  expect(new Set(found.map((span) => `${originOf(span, spans)?.name} > ${span.name}`))).toEqual(
    new Set([
      'undefined > POST /counts',
      'POST /counts > job audit',
      'POST /counts > job consumer:count',
      'job consumer:count > job audit',
    ]),
  )
})

test('if the call is not recorded, nothing that it starts is recorded', async () => {
  expect((await spansOf('00')).filter(isOfInterest)).toEqual([])
})
