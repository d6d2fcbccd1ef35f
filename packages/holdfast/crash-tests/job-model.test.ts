import fc from 'fast-check'
import { afterAll, beforeAll, test } from 'vitest'
import { commands, JobRun, settle } from './job-model/job-commands.ts'
import { JobFleet } from './job-model/job-fleet.ts'

/*
 * Goal: every enqueued job ends once, with one effect per job and step, in any order of events.
 *
 * Method: fast-check generates sequences of commands (enqueue, cancel, redrive, cut a connection,
 * restart a worker) and runs them on two workers, each behind its own proxy. After each command the
 * database is checked for violations; at the end, all jobs have to end. A sequence that fails is
 * printed with its seed.
 */

/** `JOB_MODEL_RUNS=2000 npm test job-model` runs more sequences. */
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
