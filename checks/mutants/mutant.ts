/** A fault planted on purpose in one line of the product, which a test must detect. */
export interface Mutant {
  /** A unique name of a few words, which says which defence the mutant removes. */
  readonly name: string
  /** The file to change, from the root of the repository. */
  readonly file: string
  /** The exact text to replace. It must occur once in the file. */
  readonly text: string
  readonly replacement: string
  /** The tests that must fail. Each of them must detect the mutant by itself. */
  readonly killedBy: readonly KillingTest[]
  /** The damage that the fault would do in production. */
  readonly why: string
}

/** A test that must fail once a mutant is applied. */
export interface KillingTest {
  /** The test file, from the root of the repository. */
  readonly file: string
  /** The full name of the test, or a part that several tests share. */
  readonly name: string
}

/**
 * Returns the text of a file with a mutant applied, or `undefined` if the mutant's text does not
 * occur exactly once.
 */
export function applyMutant({ text, replacement }: Mutant, content: string): string | undefined {
  const [before, after, ...more] = content.split(text)
  if (before === undefined || after === undefined || more.length > 0) return undefined
  return before + replacement + after
}
