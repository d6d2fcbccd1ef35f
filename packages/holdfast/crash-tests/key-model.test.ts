import fc from 'fast-check'
import { afterAll, beforeAll, test } from 'vitest'
import { commands, ModelRun } from './key-model/key-commands.ts'
import { KeyFleet } from './key-model/key-fleet.ts'

/** `KEY_MODEL_RUNS=5000 npm test key-model` runs more of them. */
const runs = Number(process.env['KEY_MODEL_RUNS'] ?? 15)

let fleet: KeyFleet
beforeAll(async () => {
  fleet = await KeyFleet.start()
})
afterAll(() => fleet.stop())

test(
  'whatever is sent, cut, restarted and altered, each key comes to one effect and one answer',
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
