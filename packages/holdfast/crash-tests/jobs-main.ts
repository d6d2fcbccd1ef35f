import { anyone, holdfast } from 'holdfast'
import { serve } from 'holdfast/node'
import { postgres, sql } from 'holdfast/postgres'
import { z } from 'zod'

// A service whose jobs have slow transactions and record each effect.
const { job, mutation, service } = holdfast({
  database: postgres({ migrations: new URL('./jobs-migrations/', import.meta.url) }),
})

const work = job({
  name: 'work',
  input: z.object({ ms: z.int(), isBlocking: z.boolean().optional() }),
  retry: { attempts: 100, initialDelay: '10ms' },
  async run({ input, db, id, step }) {
    await step('prepare', ({ db: inStep }) =>
      inStep.query(sql`insert into prepared (job) values (${id}::uuid)`),
    )
    await db.query(sql`insert into effects (job) values (${id}::uuid)`)
    if (input.isBlocking === true) block(input.ms)
    else await new Promise((resolve) => setTimeout(resolve, input.ms))
    await db.query(sql`update totals set effects = effects + 1`)
  },
})

/** Blocks the event loop, as a long computation would. */
function block(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)), 0, 0, ms)
}

const enqueue = mutation({
  route: 'POST /jobs',
  access: anyone(),
  input: z.object({ count: z.int().max(1_000), ms: z.int(), isBlocking: z.boolean().optional() }),
  output: z.object({ ids: z.array(z.string()).max(1_000) }),
  run: async ({ input: { count, ...input }, jobs }) => ({
    ids: [
      ...(await jobs.enqueueMany(
        work,
        Array.from({ length: count }, () => input),
      )),
    ],
  }),
})

await serve(service({ name: 'worked', operations: { enqueue }, jobs: [work] }), {
  telemetry: false,
  documentation: false,
})
