import { hash } from 'node:crypto'

/** Returns the strong entity tag of a body (RFC 9110 section 8.8.3): equal for equal bytes only. */
export function etagOf(body: string | Uint8Array): string {
  return `"${hash('sha256', body, 'base64url')}"`
}

/** Reports if an `If-None-Match` header names an entity tag, by the weak comparison that it asks for. */
export function matchesEtag(ifNoneMatch: string, etag: string): boolean {
  // Nothing that a list is made of can stand in a tag of this service, so only as an element is it found in one.
  return ifNoneMatch.trim() === '*' || ifNoneMatch.includes(etag)
}
