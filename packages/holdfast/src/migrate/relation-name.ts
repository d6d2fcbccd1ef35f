import type { RangeVar } from 'libpg-query'
import pg from 'pg'

/** Returns a relation as a statement names it, quoted: for `to_regclass`, which finds it as the statement does. */
export function relationName({ schemaname, relname }: RangeVar = {}): string {
  return [schemaname, relname]
    .filter((part) => part !== undefined)
    .map((part) => pg.escapeIdentifier(part))
    .join('.')
}
