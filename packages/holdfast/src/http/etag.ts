import { hash } from 'node:crypto'

/** The strong entity tag of a body (RFC 9110 section 8.8.3): equal for the same bytes only. */
export function etagOf(body: string): string {
  return `"${hash('sha256', body, 'base64url')}"`
}

/** Whether an `If-None-Match` header names an entity tag, by the weak comparison that it asks for. */
export function matchesEtag(ifNoneMatch: string, etag: string): boolean {
  if (ifNoneMatch.trim() === '*') return true
  const tags: readonly string[] = ifNoneMatch.match(/"[\x21\x23-\x7e\x80-\xff]*"/g) ?? []
  return tags.includes(etag)
}
