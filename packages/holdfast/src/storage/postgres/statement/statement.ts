import { HoldfastError } from '../../../kernel/base/holdfast-error.ts'
import { type ControlCommand, shapeOf, type StatementShape } from './statement-shape.ts'

/** A statement with separate values: SQL is never built from values. */
export interface Statement {
  readonly text: string
  /** The values of `$1`, `$2`, … in this order. Default: none. */
  readonly values?: readonly unknown[]
  /** The name under which the statement is prepared, once per connection. Default: not prepared. */
  readonly name?: string
  /**
   * True if the statement is a single INSERT, without WITH or RETURNING, that need not run before
   * other statements. `withInserts` may join it to another statement. Default false.
   */
  readonly isInsert?: true
}

/** Returns whether a prepared statement name belongs to the framework. */
export function isReservedName(name: string): boolean {
  return name.startsWith('holdfast_')
}

/**
 * Rejects a handler's statement that would begin or end a transaction, change the session for the
 * next call, stream rows, or use a reserved name for a prepared statement.
 *
 * @returns the shape of the statement.
 * @throws HoldfastError `statement-invalid`, `transaction-control`, `savepoint-unclear`,
 * `session-changed`, `copy-refused` or `statement-name-reserved`.
 */
export function checkStatement(text: string, name: string | undefined): StatementShape {
  checkText(text)
  const shape = shapeOf(text)
  if (shape.control !== undefined) checkControl(shape.control)
  if (name !== undefined) checkName(name)
  return shape
}

function checkName(name: string): void {
  if (isReservedName(name)) {
    throw new HoldfastError(
      'statement-name-reserved',
      `The name of the prepared statement "${name}" begins with holdfast_, which is reserved. Choose another name.`,
    )
  }
  if (name.includes('\0')) {
    throw new HoldfastError(
      'statement-invalid',
      'The name of a prepared statement contains the character U+0000, which Postgres does not accept. Remove it.',
    )
  }
}

/**
 * Rejects everything that {@link checkStatement} rejects, and statements that are not possible in a
 * query, where each statement runs in its own transaction.
 *
 * @throws HoldfastError as {@link checkStatement}.
 */
export function checkReadStatement(text: string, name: string | undefined): void {
  const { control } = checkStatement(text, name)
  switch (control?.kind) {
    case 'savepoint':
    case 'release':
    case 'rollback':
      throw new HoldfastError(
        'transaction-control',
        'A query has no transaction, so savepoints and nested transactions are not available. Read related data in one statement.',
      )
    case 'procedure':
      // Outside of a transaction block, the procedure's code may commit and begin a writing
      // transaction.
      throw new HoldfastError(
        'transaction-control',
        'CALL and DO are not allowed in a query, because their code may start a transaction that writes. Select from a function, or make the operation a mutation.',
      )
    default:
  }
}

function checkText(text: string): void {
  // The types require a string, but a cast can bypass them.
  if (typeof text !== 'string') {
    throw new HoldfastError(
      'statement-invalid',
      `The text of a statement must be a string, but is of type ${typeof text}. Pass a string, or an object with the string as \`text\`.`,
    )
  }
  // The protocol ends the text at U+0000 and misreads everything after it.
  if (text.includes('\0')) {
    throw new HoldfastError(
      'statement-invalid',
      'The text of a statement contains the character U+0000, which Postgres does not accept. Remove it, and pass values as parameters.',
    )
  }
}

/**
 * Rejects commands that would end the framework's transaction or change the session for the next
 * call.
 */
function checkControl({ kind }: ControlCommand): void {
  switch (kind) {
    case 'transaction':
      throw new HoldfastError(
        'transaction-control',
        'A handler must not begin or end a transaction. A mutation already runs in a transaction, which commits together with the idempotency key; use a savepoint for a part that may fail. A query has no transaction: read related data in one statement.',
      )
    case 'unclear':
      throw new HoldfastError(
        'savepoint-unclear',
        'A savepoint command has an unsupported form or name. Jobs and messages could not be rolled back with such a command. Use SAVEPOINT name, RELEASE name or ROLLBACK TO name, one command at a time, with an ASCII name that does not begin with holdfast_.',
      )
    case 'session':
      throw new HoldfastError(
        'session-changed',
        'SET is not allowed in a handler: the session is pooled and the change would leak into the next call. Use SET LOCAL in a mutation, or put the setting into DATABASE_URL.',
      )
    case 'copy':
      throw new HoldfastError(
        'copy-refused',
        'COPY is not supported in handlers. Insert many rows with one INSERT (… select * from unnest($1, $2)), and read them in pages.',
      )
    case 'procedure':
    case 'savepoint':
    case 'release':
    case 'rollback':
  }
}
