import { hash } from 'node:crypto'

/**
 * Returns the strong entity tag of a body (RFC 9110 section 8.8.3): two bodies have the same tag
 * only if their bytes are equal.
 */
export function etagOf(body: string | Uint8Array): string {
  return `"${hash('sha256', body, 'base64url')}"`
}

/**
 * Returns true if an `If-None-Match` header contains an entity tag, by the weak comparison that the
 * header requires.
 */
export function matchesEtag(ifNoneMatch: string, etag: string): boolean {
  // Between their quotes, tags of this service contain neither commas nor quotes, so a match is
  // always a whole element of the list.
  return ifNoneMatch.trim() === '*' || ifNoneMatch.includes(etag)
}
