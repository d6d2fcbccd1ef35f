/**
 * Returns true if a text is a UUID of any version. Checked before a query, because the error of the
 * database is less helpful.
 */
export function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)
}
