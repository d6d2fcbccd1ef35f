import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { applyMutant, type Mutant } from './mutant.ts'
import { runTests } from './run-tests.ts'

/**
 * `killed`: each test of the mutant failed. `survived`: at least one of these tests passed.
 * `stale`: the text of the mutant does not occur exactly once. `broken`: no test had a result, for
 * example because the mutated file does not load.
 */
export type Verdict = 'killed' | 'survived' | 'stale' | 'broken'

/** The verdict on a mutant, with details if it is not `killed`. */
export interface MutantVerdict {
  readonly verdict: Verdict
  readonly detail: string
}

/** Applies a mutant to the copy at `root`, runs its tests, and restores the file. */
export async function tryMutant(mutant: Mutant, root: string, signal: AbortSignal): Promise<MutantVerdict> {
  const path = join(root, mutant.file)
  const content = readFileSync(path, 'utf8')
  const mutated = applyMutant(mutant, content)
  if (mutated === undefined)
    return { verdict: 'stale', detail: `its text does not occur exactly once in ${mutant.file}` }
  writeFileSync(path, mutated)
  try {
    for (const { file, name } of mutant.killedBy) {
      const { failed, passed, output } = await runTests({ root, file, names: [name], signal })
      if (failed.length > 0) continue
      if (passed.length > 0) return { verdict: 'survived', detail: `${file} passed: ${passed.join('; ')}` }
      return { verdict: 'broken', detail: output }
    }
    return { verdict: 'killed', detail: '' }
  } finally {
    writeFileSync(path, content)
  }
}
