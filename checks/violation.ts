/** Something in the source that breaks one of the project's rules. */
export interface Violation {
  /** Relative to the root of the repository. */
  readonly file: string
  /** From 1; the first line where the whole file is meant. */
  readonly line: number
  readonly what: string
  readonly why: string
  readonly mend: string
}

/** A violation as a person reads it: where and what on the first line, so that an editor can jump there. */
export function describeViolation({ file, line, what, why, mend }: Violation): string {
  return `${file}:${line}  ${what}\n    Why: ${why}\n    Mend: ${mend}`
}
