/** A place in the source that breaks one of the project's rules. */
export interface Violation {
  /** The path, relative to the root of the repository. */
  readonly file: string
  /** The line, starting at 1; the first line for a violation of the whole file. */
  readonly line: number
  readonly what: string
  readonly why: string
  readonly fix: string
}

/**
 * Formats a violation for people. The place and the problem are on the first line, so that an
 * editor can open the place.
 */
export function describeViolation({ file, line, what, why, fix }: Violation): string {
  return `${file}:${line}  ${what}\n    Why: ${why}\n    Fix: ${fix}`
}
