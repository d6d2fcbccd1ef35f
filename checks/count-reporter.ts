import type { Reporter, TestModule } from 'vitest/node'

/**
 * Prints the number of passed and failed tests as the last line of a run, in the plain form that CI
 * parses. It is a default export, because Vitest loads a reporter from the default export.
 */
export default class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const states = modules.flatMap(({ children }) =>
      [...children.allTests()].map((test) => test.result().state),
    )
    const count = (state: string): number => states.filter((other) => other === state).length
    // A run also fails if a file does not load, a hook fails, or an error is not caught.
    const failed = count('failed') + modules.filter(failedOutsideTests).length + unhandledErrors.length
    const skipped = count('skipped')
    console.log(`${count('passed')} passed, ${failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`)
  }
}

function failedOutsideTests(module: TestModule): boolean {
  return !module.ok() && [...module.children.allTests('failed')].length === 0
}
