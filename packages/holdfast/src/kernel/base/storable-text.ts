/**
 * Returns true if Postgres stores a text unchanged. Postgres rejects U+0000, and an unpaired
 * surrogate would be replaced when the text is encoded.
 */
export function isStorableText(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed()
}
