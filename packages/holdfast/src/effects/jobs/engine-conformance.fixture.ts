import { afterEach, describe } from 'vitest'
import { type Bench, type BenchParts, createBenches, type EnginePromise } from './engine-bench.fixture.ts'
import { engineEnds } from './engine-ends.fixture.ts'
import { engineOrder } from './engine-order.fixture.ts'
import { engineAttempts } from './engine-attempts.fixture.ts'

/** An engine under test. */
export interface TestedEngine extends BenchParts {
  /** The reason why the engine cannot be tested here; absent if the engine can be tested. */
  readonly missing?: string | undefined
  readonly promises: readonly EnginePromise[]
  /** Makes a running job run a second time, as if its worker had missed its heartbeats. */
  readonly runAgain: (on: Bench, id: string) => Promise<void>
}

/** All optional features of engines. */
export const allPromises: readonly EnginePromise[] = [
  'limits-per-key',
  'ordered',
  'steps',
  'progress-in-the-database',
]

/** The suite that every job engine must pass, for the features that it supports. */
export function engineConformance(
  name: string,
  { missing, promises, runAgain, ...parts }: TestedEngine,
): void {
  describe.skipIf(missing)(`the job engine ${name}`, () => {
    const benches = createBenches(parts, promises)
    const promised = (promise: EnginePromise): boolean => promises.includes(promise)
    afterEach(() => benches.clear())
    engineAttempts(benches, promised)
    engineOrder(benches, promised)
    engineEnds(benches, runAgain)
  })
}
