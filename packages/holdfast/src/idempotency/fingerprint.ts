import { hash } from 'node:crypto'
import canonicalize from 'canonicalize'
import type { Route } from '../kernel/route.ts'
import type { WireInput } from '../kernel/wire-input.ts'

/** Begins every fingerprint, so that another way to make them can be told apart from a reused key. */
const version = '01'

/**
 * What a key stands for, in one spelling: the operation, its path and query parameters, and the body in the canonical form of RFC 8785.
 * Taken before the schema, so that a deploy with a new default does not turn a retry into a reuse.
 */
export function canonicalRequest(route: Route, { path, query, body }: WireInput): string {
  // JSON has a canonical form whatever it is; only what is no JSON at all has none.
  return canonicalize({ operation: `${route.method} ${route.path}`, path, query, body: body ?? null }) ?? ''
}

/** The fingerprint of a canonical request. */
export function fingerprintOf(request: string): Buffer {
  return Buffer.from(version + hash('sha256', request, 'hex'), 'hex')
}
