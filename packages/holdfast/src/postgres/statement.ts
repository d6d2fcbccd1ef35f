import { HoldfastError } from '../kernel/holdfast-error.ts'

/** A statement with its values apart: SQL is never built from values. */
export interface Statement {
  readonly text: string
  /** In the order of `$1`, `$2`, …. Default none. */
  readonly values?: readonly unknown[]
  /** Prepared once per connection under this name. Default: not named. */
  readonly name?: string
}

// White space, comments and empty statements, before the first word of a statement.
const lead = String.raw`^(?:[\s;]|--[^\n]*(?:\n|$)|\/\*(?:[^*]|\*(?!\/))*\*\/)*`

// A handler's statements stand in a transaction that is not theirs to end: its end is what makes a retry safe.
const endsTransaction = new RegExp(
  String.raw`${lead}(?:begin|start\s+transaction|commit|end|abort|prepare\s+transaction|rollback(?!\s+(?:work\s+|transaction\s+)?to\b))\b`,
  'i',
)

// A session is used by one call after another.
const changesSession = new RegExp(
  String.raw`${lead}(?:set(?!\s+(?:local|constraints|transaction)\b)|reset|listen|unlisten|discard|deallocate)\b`,
  'i',
)

// What it streams has no way to or from a handler, and the connection would wait for it.
const copies = new RegExp(String.raw`${lead}copy\b`, 'i')

const makesSavepoint = new RegExp(String.raw`${lead}savepoint\b`, 'i')

/** Whether a name is one of the framework's own prepared statements. */
export function isOwnName(name: string): boolean {
  return name.startsWith('holdfast_')
}

/**
 * Refuses what a handler's statement may not do: end a transaction, change the session for the call after it, stream, or take the name
 * of a statement of the framework's.
 *
 * @throws HoldfastError `statement-invalid`, `transaction-control`, `session-changed`, `copy-refused` or `statement-name-reserved`.
 */
export function checkStatement(text: string, name: string | undefined): void {
  // The types ask for it; what was cast gets here all the same.
  if (typeof text !== 'string') {
    throw new HoldfastError(
      'statement-invalid',
      `A statement was run whose text is of type ${typeof text}. Give it as a string, or as an object with the string as its text.`,
    )
  }
  if (endsTransaction.test(text)) {
    throw new HoldfastError(
      'transaction-control',
      'A handler tried to begin or end a transaction. A mutation is in one already, which commits with its idempotency key; use a savepoint for a part that may fail. A query has none: read all that belongs together in one statement.',
    )
  }
  if (changesSession.test(text)) {
    throw new HoldfastError(
      'session-changed',
      'A handler tried to change its database session, which the next call would find changed. Use SET LOCAL in a mutation, or put the setting into DATABASE_URL.',
    )
  }
  if (copies.test(text)) {
    throw new HoldfastError(
      'copy-refused',
      'A handler tried to run COPY, whose rows have no way to or from it. Insert many rows with one INSERT (… select * from unnest($1, $2)), and read them in pages.',
    )
  }
  if (name !== undefined && isOwnName(name)) {
    throw new HoldfastError(
      'statement-name-reserved',
      `The prepared statement "${name}" has a name that begins with holdfast_, which the framework keeps for its own. Call it something else.`,
    )
  }
}

/**
 * The same for a query's statement, which stands alone.
 *
 * @throws HoldfastError as {@link checkStatement}.
 */
export function checkReadStatement(text: string, name: string | undefined): void {
  checkStatement(text, name)
  if (makesSavepoint.test(text)) {
    throw new HoldfastError(
      'transaction-control',
      'A query tried to make a savepoint, or what its query builder calls a transaction, and has no transaction. Read all that belongs together in one statement.',
    )
  }
}
