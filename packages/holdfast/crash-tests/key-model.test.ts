import fc from 'fast-check'
import { afterAll, beforeAll, test } from 'vitest'
import { commands, ModelRun } from './key-model/key-commands.ts'
import { KeyFleet } from './key-model/key-fleet.ts'

/*
 * Goal: each key has at most one effect, and one final answer that every retry receives.
 *
 * Method: fast-check generates sequences of commands, and runs them on two instances, each behind a
 * separate proxy. Some commands send a key, with a fault in the handler or with a cut connection.
 * Others restart an instance with a different retention, which changes the layout of the key
 * tables. A model of the client's knowledge of each key decides which responses are allowed. After
 * each command, the database is checked. A sequence that fails is shrunk and printed with its seed.
 */

/** `KEY_MODEL_RUNS=5000 npm test key-model` runs more sequences. */
const runs = Number(process.env['KEY_MODEL_RUNS'] ?? 15)

let fleet: KeyFleet
beforeAll(async () => {
  fleet = await KeyFleet.start()
})
afterAll(() => fleet.stop())

test(
  'each key has one effect and one answer, in any sequence of requests, cuts, restarts and schema changes',
  async () => {
    await fc.assert(
      fc.asyncProperty(commands, (sequence) =>
        fc.asyncModelRun(() => ({ model: new ModelRun(), real: fleet }), sequence),
      ),
      { numRuns: runs },
    )
  },
  600_000 + runs * 2_000,
)
