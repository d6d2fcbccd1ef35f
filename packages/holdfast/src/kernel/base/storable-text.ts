/**
 * Returns whether Postgres stores a text unchanged: it has no U+0000, which is rejected, and no
 * unpaired surrogate, which would be replaced when it is encoded.
 */
export function isStorableText(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed()
}
