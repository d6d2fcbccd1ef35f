/** A statement with its values apart: SQL is never built from values. */
export interface Statement {
  readonly text: string
  /** In the order of `$1`, `$2`, …. Default none. */
  readonly values?: readonly unknown[]
  /** Prepared once per connection under this name. Default: not named. */
  readonly name?: string
}

// A handler's statements stand in a transaction that is not theirs to end: its end is what makes a retry safe.
const endsTransaction =
  /^\s*(?:begin|start\s+transaction|commit|end|abort|prepare\s+transaction|rollback(?!\s+(?:work\s+|transaction\s+)?to\b))\b/i

/** Whether a statement would begin or end a transaction; savepoints do neither. */
export function controlsTransaction(text: string): boolean {
  return endsTransaction.test(text)
}
