import type { StatementGuard } from '../../../kernel/host/statement-guard.ts'
import type { DriverQuery, DriverStatement } from '../session/driver-query.ts'
import { guarded } from '../statement/guarded.ts'
import { checkStatement } from '../statement/statement.ts'
import { isSavepointCommand, type SavepointCommand } from '../statement/statement-shape.ts'

/** A handler's statement that may run in its transaction. */
export interface HandlerStatement {
  readonly statement: DriverStatement
  /** The savepoint command; `undefined` if the statement is not a savepoint command. */
  readonly command: SavepointCommand | undefined
}

/**
 * Returns the statement to send for a handler's statement. Throws the error of `checkStatement` if
 * the statement must not run in a transaction of the framework.
 */
export function toHandlerStatement(
  query: DriverQuery,
  values: unknown[] | undefined,
  guard: StatementGuard | undefined,
): HandlerStatement {
  const given: DriverStatement = typeof query === 'string' ? { text: query } : query
  const { control } = checkStatement(given.text, given.name)
  return {
    // The extended protocol accepts one statement at a time, so a second statement cannot be
    // appended.
    statement: { ...guarded(given, values, guard), queryMode: 'extended' },
    command: isSavepointCommand(control) ? control : undefined,
  }
}

/**
 * Returns whether the command tag matches the command in a statement's text. If not, a function or
 * a rule may have ended the transaction instead.
 */
export function hasRunAsWritten(tag: string, command: SavepointCommand | undefined): boolean {
  return controlTags.get(tag) === command?.kind
}

// The commands that begin or end a transaction or a savepoint, by the first word of the command
// tag.
const controlTags: ReadonlyMap<string, SavepointCommand['kind'] | 'transaction'> = new Map([
  ['SAVEPOINT', 'savepoint'],
  ['RELEASE', 'release'],
  ['ROLLBACK', 'rollback'],
  ['BEGIN', 'transaction'],
  ['START', 'transaction'],
  ['COMMIT', 'transaction'],
  ['PREPARE', 'transaction'],
])
