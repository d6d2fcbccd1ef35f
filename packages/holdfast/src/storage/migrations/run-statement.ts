import pg from 'pg'
import { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import type { PendingMigration } from './journal.ts'
import type { ParsedStatement } from './parse-statements.ts'
import { pointAt } from './point-at.ts'

/**
 * Runs one statement of a migration.
 *
 * @throws HoldfastError `migration-failed` with the error's position and Postgres's message.
 *   Rethrows a lock timeout or a deadlock unchanged.
 */
export async function runStatement(
  client: pg.ClientBase,
  migration: PendingMigration,
  statement: ParsedStatement,
): Promise<void> {
  try {
    await client.query(statement.text)
  } catch (cause) {
    if (!(cause instanceof pg.DatabaseError) || isBlocked(cause)) throw cause
    const position = statement.offset + (cause.position === undefined ? 0 : Number(cause.position) - 1)
    const more = [
      cause.detail && `Detail: ${cause.detail}`,
      cause.hint && `Hint: ${cause.hint}`,
      isTransactionUnwanted(cause) &&
        'Move the statement to a separate file whose first line is: -- holdfast: no transaction',
    ].filter(Boolean)
    throw new HoldfastError(
      'migration-failed',
      [
        `The migration ${migration.owner}/${migration.name} failed: ${cause.message} (SQLSTATE ${cause.code})`,
        pointAt(migration.sql, position),
        ...more,
      ].join('\n'),
      { cause },
    )
  }
}

/**
 * Returns true if a statement did not get its locks: for SQLSTATE lock_not_available, and for
 * deadlock_detected.
 */
export function isBlocked(error: unknown): boolean {
  return error instanceof pg.DatabaseError && (error.code === '55P03' || error.code === '40P01')
}

/**
 * Returns true for SQLSTATE active_sql_transaction: the statement cannot run in a transaction, and
 * had no effect.
 */
export function isTransactionUnwanted(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === '25001'
}
