import { env } from 'node:process'
import { anyone, holdfast } from 'holdfast'
import { bullmqJobs } from 'holdfast/bullmq'
import { serve } from 'holdfast/node'
import { postgres, sql } from 'holdfast/postgres'
import { z } from 'zod'

// A service whose jobs run long transactions, and record each effect with the attempt's number.
const { job, mutation, service } = holdfast({
  database: postgres({
    migrations: new URL('../../../test/jobs/migrations/', import.meta.url),
    jobEngine: bullmqJobs({ connection: { port: Number(env['REDIS_PORT']) }, lockDuration: '2s' }),
  }),
})

const work = job({
  name: 'work',
  input: z.object({ ms: z.int() }),
  retry: { attempts: 100, initialDelay: '10ms' },
  async run({ input, db, id, attempt }) {
    await db.query(sql`insert into effects (name) values (${`${id} ${attempt}`})`)
    await new Promise((resolve) => setTimeout(resolve, input.ms))
    await db.query(sql`select 1`)
  },
})

const enqueue = mutation({
  route: 'POST /jobs',
  access: anyone('a test'),
  input: z.object({ count: z.int().max(1_000), ms: z.int() }),
  run: async ({ input: { count, ms }, jobs }) => {
    await jobs.enqueueMany(
      work,
      Array.from({ length: count }, () => ({ ms })),
    )
  },
})

await serve(service({ name: 'worked', operations: { enqueue }, jobs: [work] }), {
  telemetry: false,
  documentation: false,
})
