import { createHash } from 'node:crypto'

/**
 * Returns the SHA-256 of a migration's text, which detects edits after it was applied. Line endings
 * are normalized.
 */
export function checksumOf(sql: string): string {
  return createHash('sha256').update(sql.replaceAll('\r\n', '\n')).digest('hex')
}
