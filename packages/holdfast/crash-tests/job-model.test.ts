import fc from 'fast-check'
import { afterAll, beforeAll, test } from 'vitest'
import { commands, JobRun, settle } from './job-model/job-commands.ts'
import { JobFleet } from './job-model/job-fleet.ts'

/** `JOB_MODEL_RUNS=2000 npm test job-model` runs more of them. */
const runs = Number(process.env['JOB_MODEL_RUNS'] ?? 5)

let fleet: JobFleet
beforeAll(async () => {
  fleet = await JobFleet.start()
})
afterAll(() => fleet.stop())

test(
  'jobs end once with one effect, in any order of work, faults and restarts',
  async () => {
    await fc.assert(
      fc.asyncProperty(commands, async (sequence) => {
        await fleet.reset()
        const run = new JobRun()
        await fc.asyncModelRun(() => ({ model: run, real: fleet }), sequence)
        await settle(run, fleet)
      }),
      { numRuns: runs, endOnFailure: true },
    )
  },
  600_000 + runs * 20_000,
)
