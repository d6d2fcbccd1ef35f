import { anyone, holdfast } from 'holdfast'
import { postgres, sql } from 'holdfast/postgres'
import { createTelemetry, type FinishedSpan } from 'holdfast/telemetry'
import { createTestService } from 'holdfast/testing'
import { expect, test } from 'vitest'
import { z } from 'zod'

const { query, mutation, service } = holdfast({ database: postgres() })
const common = { access: anyone('a test'), input: z.object({ count: z.int(), pause: z.number() }) } as const

const looping = service({
  name: 'looping',
  operations: {
    read: query({
      ...common,
      route: 'GET /reads',
      async run({ input, db }) {
        for (let one = 0; one < input.count; one += 1)
          await db.query(sql`select ${one}::int as one, pg_sleep(${input.pause})`)
      },
    }),
    write: mutation({
      ...common,
      route: 'POST /writes',
      budget: 3,
      async run({ input, db }) {
        for (let one = 0; one < input.count; one += 1)
          await db.query(sql`select ${one}::int as one, pg_sleep(${input.pause})`)
      },
    }),
  },
})

/**
 * Calls an operation as in production, without the development checks. Returns the events of its
 * spans.
 */
async function eventsOf(
  name: 'read' | 'write',
  input: { readonly count: number; readonly pause: number },
): Promise<FinishedSpan['events']> {
  const telemetry = createTelemetry({ runtimeMetrics: false }, { env: { NODE_ENV: 'test' } })
  const reader = telemetry.readSpans()
  {
    await using tested = await createTestService(looping, { telemetry, statements: 'allow' })
    expect((await tested.send(name, input)).status).toBe(204)
  }
  const { items } = reader.take(1_000)
  await telemetry.stop()
  return items.flatMap(({ events }) => events).filter((event) => event.name.startsWith('holdfast.'))
}

test('a statement that is repeated five times, for long enough, is recorded once in its span', async () => {
  const events = await eventsOf('read', { count: 12, pause: 0.02 })
  expect(events).toHaveLength(1)
  expect(events[0]).toMatchObject({
    name: 'holdfast.query-repeated',
    attributes: { statement: 'select $1::int as one, pg_sleep($2)' },
  })
})

test('a statement that is repeated less often is not recorded', async () => {
  expect(await eventsOf('read', { count: 5, pause: 0.02 })).toEqual([])
})

test('an exceeded budget is recorded in the transaction span', async () => {
  expect(await eventsOf('write', { count: 5, pause: 0 })).toMatchObject([
    { name: 'holdfast.statement-budget-exceeded', attributes: { budget: 3 } },
  ])
})
