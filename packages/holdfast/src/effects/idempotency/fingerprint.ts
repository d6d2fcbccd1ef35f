import { hash } from 'node:crypto'
import canonicalize from 'canonicalize'
import type { Route } from '../../kernel/operation/route.ts'
import type { WireInput } from '../../kernel/operation/wire-input.ts'

/**
 * Version prefix of fingerprints, to distinguish a change of the algorithm from a reused key.
 */
const version = '01'

/**
 * Returns the canonical form of a request: the operation, its path and query parameters, and the
 * body, as canonical JSON (RFC 8785). It is computed before the schema is applied, so that a deploy
 * with a new default does not make a retry look like a reused key.
 */
export function canonicalRequest(route: Route, { path, query, body }: WireInput): string {
  // Every JSON value has a canonical form, so the fallback is never used.
  return canonicalize({ operation: `${route.method} ${route.path}`, path, query, body: body ?? null }) ?? ''
}

/** Returns the fingerprint of a canonical request. */
export function fingerprintOf(request: string): Buffer {
  return Buffer.from(version + hash('sha256', request, 'hex'), 'hex')
}
