import type { Mutant } from './mutant.ts'

const access = 'packages/holdfast/src/kernel/operation/access.ts'
const tests = 'packages/holdfast/src/kernel/operation/access.test.ts'

const allOfAsks = `        const decision = await rule.authorize({ ...request, caller })
        if (decision instanceof ProblemError) return decision
        caller = decision`

/** Mutants of the access rules. */
export const kernelMutants: readonly Mutant[] = [
  {
    name: 'allOf: a refusal is skipped',
    file: access,
    text: allOfAsks,
    replacement: allOfAsks.replace('return decision', 'continue'),
    killedBy: [{ file: tests, name: 'may reject with a problem of its own' }],
    why: 'A caller whom one rule refuses would be admitted.',
  },
  {
    name: 'allOf: each rule is asked about the first caller',
    file: access,
    text: allOfAsks,
    replacement: allOfAsks.replace('{ ...request, caller }', 'request'),
    killedBy: [
      { file: tests, name: 'is checked rule by rule, each with the caller that the previous one returned' },
    ],
    why: 'A rule would check a caller without the tenant that the previous rule has added.',
  },
  {
    name: 'allOf: the caller stays the first',
    file: access,
    text: allOfAsks,
    replacement: allOfAsks.replace('caller = decision', 'void decision'),
    killedBy: [
      { file: tests, name: 'is checked rule by rule, each with the caller that the previous one returned' },
    ],
    why: 'The handler would receive a caller without the tenant that a rule has added.',
  },
]
