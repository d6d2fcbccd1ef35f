import { anyone, holdfast } from 'holdfast'
import { serve } from 'holdfast/node'
import { postgres, sql } from 'holdfast/postgres'
import { z } from 'zod'

// A service whose statements take the requested time. It also reports its memory usage.
const { query, mutation, service } = holdfast({
  database: postgres({ connections: { max: 24, reads: 10, writes: 10 } }),
})

const Seconds = z.object({ seconds: z.number() })

const sleepInQuery = query({
  route: 'GET /sleep',
  access: anyone('a test'),
  input: Seconds,
  deadline: '10m',
  run: async ({ input, db }) => void (await db.query(sql`select pg_sleep(${input.seconds})`)),
})

const sleepInMutation = mutation({
  route: 'POST /sleep',
  access: anyone('a test'),
  input: Seconds,
  deadline: '10m',
  idempotency: { optional: 'it does nothing.' },
  run: async ({ input, db }) => void (await db.query(sql`select pg_sleep(${input.seconds})`)),
})

const answer = query({
  route: 'GET /answer',
  access: anyone('a test'),
  output: z.object({ answer: z.int() }),
  run: () => ({ answer: 42 }),
})

const memory = query({
  route: 'GET /memory',
  access: anyone('a test'),
  output: z.object({ heapBytes: z.int() }),
  run() {
    globalThis.gc?.()
    return { heapBytes: process.memoryUsage().heapUsed }
  },
})

await serve(service({ name: 'deadlines', operations: { answer, memory, sleepInMutation, sleepInQuery } }), {
  telemetry: false,
})
