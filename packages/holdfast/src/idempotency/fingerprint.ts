import { createHash } from 'node:crypto'
import canonicalize from 'canonicalize'
import type { WireInput } from '../kernel/wire-input.ts'
import type { Route } from '../kernel/route.ts'

/** Begins every fingerprint, so that another way to make them can be told apart from a reused key. */
const version = 1

/**
 * What a key stands for: the operation, its path and query parameters, and the body in the canonical form of RFC 8785. Taken before
 * the schema, so that a deploy with a new default does not turn a retry into a reuse.
 */
export function fingerprintOf(route: Route, { path, query, body }: WireInput): Buffer {
  const text = canonicalize({ operation: `${route.method} ${route.path}`, path, query, body: body ?? null })
  const digest = createHash('sha256')
    .update(text ?? '')
    .digest()
  return Buffer.concat([Buffer.of(version), digest])
}

/** The advisory lock of a key: 64 bits of a hash over its scope and itself, as Postgres' bigint. */
export function lockIdOf(scope: string, key: string): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([scope, key]))
    .digest()
  return digest.readBigInt64BE(0).toString()
}
