import { anyone, GiveUp, holdfast, RetryLater, type Step } from 'holdfast'
import { postgres, sql, type SqlDatabase } from 'holdfast/postgres'
import { z } from 'zod'

/**
 * The outcomes of one run of a job. If a job runs more often than its script says, the further runs
 * succeed.
 */
export const outcomes = ['succeeds', 'fails', 'gives up', 'snoozes', 'is slow'] as const

/** Input of all jobs. */
export const Work = z.object({
  /** The name under which the effects of the job are recorded. */
  name: z.string(),
  script: z.array(z.enum(outcomes)).max(5),
  hasStep: z.boolean(),
  limitKey: z.string(),
})

export type Work = z.infer<typeof Work>

/** Names of the jobs. */
export const jobNames = ['once', 'often', 'limited'] as const

export type JobName = (typeof jobNames)[number]

/** The concurrency limit of the job `limited`, for each key. */
export const slotsPerKey = 2

/**
 * Creates a service whose jobs follow the script in their input. The script contains one outcome
 * per run.
 */
export function createJobService() {
  const { job, mutation, service } = holdfast({
    database: postgres({ migrations: new URL('../cut-migrations/', import.meta.url) }),
  })
  const runs = new Map<string, number>()
  // The deadline of an attempt. A silent connection blocks the attempt until then.
  const deadline = '10s'
  const retry = { attempts: 3, initialDelay: '1ms', maxDelay: '10ms' } as const

  const once = job({
    name: 'once',
    input: Work,
    deadline,
    retry: { attempts: 1 },
    run: (context) => work(context),
  })
  const often = job({ name: 'often', input: Work, deadline, retry, run: (context) => work(context) })
  const limited = job({
    name: 'limited',
    input: Work,
    deadline,
    retry,
    concurrency: { limit: slotsPerKey, key: ({ limitKey }) => limitKey },
    run: (context) => work(context),
  })
  const jobs = { once, often, limited }

  async function work({
    input,
    step,
    db,
  }: {
    readonly input: Work
    readonly step: Step<SqlDatabase>
    readonly db: SqlDatabase
  }): Promise<void> {
    const { name, script, hasStep } = input
    const run = runs.get(name) ?? 0
    runs.set(name, run + 1)
    if (hasStep)
      await step('prepare', async (inStep) => {
        await inStep.db.query(sql`insert into effects values (${name}, 'prepared')`)
      })
    await db.query(sql`insert into effects values (${name}, 'worked')`)
    const outcome = script[run]
    if (outcome === 'fails') throw new Error('the job fails')
    if (outcome === 'gives up') throw new GiveUp('the job fails permanently')
    if (outcome === 'snoozes') throw new RetryLater('1ms', 'the job snoozes')
    if (outcome === 'is slow') await db.query(sql`select pg_sleep(3)`)
  }

  const enqueue = mutation({
    route: 'POST /jobs',
    access: anyone('a test'),
    idempotency: { optional: 'the test decides what to enqueue' },
    input: z.object({ job: z.enum(jobNames), work: Work, unique: z.string().optional() }),
    output: z.object({ id: z.string(), isNew: z.boolean() }),
    run: ({ input, jobs: enqueued }) => {
      const options = input.unique === undefined ? {} : { unique: input.unique }
      return enqueued.enqueue(jobs[input.job], input.work, options)
    },
  })

  return service({ name: 'jobs', operations: { enqueue }, jobs: Object.values(jobs) })
}
