import type { RangeVar } from 'libpg-query'
import pg from 'pg'

/**
 * Returns the quoted name of a relation in a statement, for `to_regclass`, which resolves the name
 * in the same way as the statement.
 */
export function relationName({ schemaname, relname }: RangeVar = {}): string {
  return [schemaname, relname]
    .filter((part) => part !== undefined)
    .map((part) => pg.escapeIdentifier(part))
    .join('.')
}
