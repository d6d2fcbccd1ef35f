import { createHash } from 'node:crypto'

/** What tells an edited migration from the one that was applied: SHA-256 over its text, however its lines end. */
export function checksumOf(sql: string): string {
  return createHash('sha256').update(sql.replaceAll('\r\n', '\n')).digest('hex')
}
