import type fc from 'fast-check'

/** A command of a model. Its name appears in counterexamples. */
export interface CommandParts<Run, Fleet> {
  readonly name: string
  readonly act: (run: Run, fleet: Fleet) => Promise<void>
}

/** Creates a command that acts, and then fails if `findViolations` returns violations. */
export function createCommand<Run extends object, Fleet>(
  { name, act }: CommandParts<Run, Fleet>,
  findViolations: (run: Run, fleet: Fleet) => Promise<readonly string[]>,
): fc.AsyncCommand<Run, Fleet> {
  return {
    check: () => true,
    async run(run, fleet) {
      await act(run, fleet)
      expectNone(await findViolations(run, fleet))
    },
    toString: () => name,
  }
}

/** Throws if there are violations. */
export function expectNone(violations: readonly string[]): void {
  if (violations.length > 0) throw new Error(violations.join('\n'))
}
