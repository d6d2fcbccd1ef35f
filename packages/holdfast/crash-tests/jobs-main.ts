import { anyone, holdfast } from 'holdfast'
import { serve } from 'holdfast/node'
import { postgres, sql } from 'holdfast/postgres'
import { z } from 'zod'

// A service whose jobs have slow transactions and record each effect. A job with a gate does not
// end before the test has opened that gate.
const { job, mutation, service } = holdfast({
  database: postgres({ migrations: new URL('./jobs-migrations/', import.meta.url) }),
})

const Input = z.object({ ms: z.int(), isBlocking: z.boolean().optional(), gate: z.string().optional() })

const work = job({
  name: 'work',
  input: Input,
  retry: { attempts: 100, initialDelay: '10ms' },
  async run({ input, db, id, step }) {
    await step('prepare', ({ db: inStep }) =>
      inStep.query(sql`insert into prepared (job) values (${id}::uuid)`),
    )
    await db.query(sql`insert into effects (job) values (${id}::uuid)`)
    if (input.isBlocking === true) block(input.ms)
    else await pause(input.ms)
    if (input.gate !== undefined) {
      const opened = sql`select name from gates where name = ${input.gate}`
      while ((await db.query(opened)).length === 0) await pause(20)
    }
    await db.query(sql`update totals set effects = effects + 1`)
  },
})

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Blocks the event loop, as a long computation would. */
function block(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)), 0, 0, ms)
}

const enqueue = mutation({
  route: 'POST /jobs',
  access: anyone('a test'),
  input: Input.extend({ count: z.int().max(1_000) }),
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
