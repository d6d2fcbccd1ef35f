import type { Mutant } from './mutant.ts'

const src = 'packages/holdfast/src'
const prepareTest = `${src}/effects/idempotency/prepare-call.postgres.test.ts`

/** Mutants of a mutation's preparation. */
export const prepareMutants: readonly Mutant[] = [
  {
    name: 'prepare: a replay prepares',
    file: `${src}/effects/idempotency/prepare-call.ts`,
    text: 'if (found.stored) return replay(found.stored, claim, seal)',
    replacement: 'if (found.stored) return undefined',
    killedBy: [{ file: prepareTest, name: 'a replay prepares nothing' }],
    why: 'A retry would repeat what the preparation does elsewhere.',
  },
  {
    name: 'prepare: a problem is not stored',
    file: `${src}/effects/idempotency/prepare-call.ts`,
    text: 'if (!claim || isPassing || !isFinal(problem)) throw problem',
    replacement: 'throw problem',
    killedBy: [{ file: prepareTest, name: 'its duplicate has no effect' }],
    why: 'A delayed duplicate could take effect after the client was told that the call was refused.',
  },
  {
    name: 'prepare: a problem behind a passing failure is stored',
    file: `${src}/effects/idempotency/prepare-call.ts`,
    text: 'if (!claim || isPassing || ',
    replacement: 'if (!claim || ',
    killedBy: [{ file: prepareTest, name: 'failed for a passing reason' }],
    why: 'An unavailable lock would become the final answer of a key.',
  },
  {
    name: 'prepare: a duplicate is prepared while the first one is',
    file: `${src}/effects/idempotency/prepare-call.ts`,
    text: 'if (claim) running.set(claim.lockId, claim)',
    replacement: 'if (claim) running.delete(claim.lockId)',
    killedBy: [{ file: prepareTest, name: 'a duplicate in the same process' }],
    why: 'Duplicates would multiply expensive work.',
  },
  {
    name: 'prepare: it changes the input of the handler',
    file: `${src}/effects/idempotency/safe-mutation.ts`,
    text: 'if (prepared) await renewInput(call, received)',
    replacement: '',
    killedBy: [{ file: prepareTest, name: 'the handler gets the input as it was received' }],
    why: 'The first attempt and later attempts would get different inputs.',
  },
]
