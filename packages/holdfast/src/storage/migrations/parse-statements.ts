import type { Node } from 'libpg-query'
import { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import { pointAt } from './point-at.ts'
import type { PendingMigration } from './journal.ts'

/** One statement of a migration. */
export interface ParsedStatement {
  readonly text: string
  /** The start of the statement in the migration, in UTF-16 code units. */
  readonly offset: number
  /** True if the statement begins or ends a transaction. */
  readonly controlsTransaction: boolean
  /** The statement's node in Postgres's syntax tree. */
  readonly node: Node | undefined
}

/**
 * Splits a migration into statements with the parser of Postgres.
 *
 * @throws HoldfastError `migration-failed` if the migration has a syntax error.
 */
export async function parseStatements(migration: PendingMigration): Promise<readonly ParsedStatement[]> {
  // The parser is loaded only if there is a migration to apply: it is 1.5 MB of WebAssembly.
  const { hasSqlDetails, parse } = await import('libpg-query')
  try {
    const bytes = Buffer.from(migration.sql)
    const { stmts = [] } = await parse(migration.sql)
    return stmts.map(({ stmt, stmt_location: start = 0, stmt_len: length }) => {
      const end = length === undefined ? bytes.length : start + length
      const raw = bytes.subarray(start, end).toString()
      const text = raw.trim()
      return {
        text,
        offset: bytes.subarray(0, start).toString().length + raw.indexOf(text),
        controlsTransaction: stmt !== undefined && 'TransactionStmt' in stmt,
        node: stmt,
      }
    })
  } catch (cause) {
    if (!hasSqlDetails(cause) || !cause.sqlDetails) throw cause
    const { message, cursorPosition } = cause.sqlDetails
    const where = pointAt(migration.sql, Math.max(0, cursorPosition))
    throw new HoldfastError(
      'migration-failed',
      `The migration ${migration.owner}/${migration.name} has a syntax error: ${message}\n${where}`,
      {
        cause,
      },
    )
  }
}
