import type { Mutant } from './mutant.ts'
import { runTests } from './run-tests.ts'

/**
 * Runs all tests that the mutants name, without any mutant, and yields the problems. There is one
 * run per file. A test that fails without a mutant proves nothing about a mutant, and a name that
 * matches no test proves nothing either.
 */
export async function* runControls(
  mutants: readonly Mutant[],
  root: string,
  signal: AbortSignal,
): AsyncGenerator<{ readonly file: string; readonly faults: readonly string[] }> {
  for (const [file, names] of namesByFile(mutants)) {
    const { passed, failed, output } = await runTests({ root, file, names, signal })
    const missing = names.filter((name) => !passed.some((test) => test.includes(name)))
    const faults = [
      ...failed.map((name) => `fails without any mutant: ${name}\n${output}`),
      ...(failed.length > 0 ? [] : missing.map((name) => `no test passed that is named: ${name}\n${output}`)),
    ]
    yield { file, faults }
  }
}

function namesByFile(mutants: readonly Mutant[]): ReadonlyMap<string, readonly string[]> {
  const tests = mutants.flatMap(({ killedBy }) => killedBy)
  const byFile = Map.groupBy(tests, ({ file }) => file)
  return new Map([...byFile].map(([file, of]) => [file, [...new Set(of.map(({ name }) => name))]]))
}
