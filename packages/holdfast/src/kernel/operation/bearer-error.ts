import type { ProblemError } from '../problem/problem.ts'
import { InsufficientScope, RecentSignInRequired } from '../problem/problems.ts'

/** The parameters of `WWW-Authenticate: Bearer`, besides the realm (RFC 6750 section 3). */
export type BearerError = Readonly<Record<string, string>> & { readonly error: string }

/**
 * Returns the error that a client with a valid bearer token needs to know: which token to get
 * instead. `undefined` for other problems.
 */
export function bearerErrorOf({ problem, extra }: ProblemError): BearerError | undefined {
  if (problem === InsufficientScope) {
    const { scopes } = extra as { readonly scopes: readonly string[] }
    return { error: 'insufficient_scope', scope: scopes.join(' ') }
  }
  if (problem === RecentSignInRequired) {
    const { maxAgeSeconds } = extra as { readonly maxAgeSeconds: number }
    // RFC 9470 section 3.
    return { error: 'insufficient_user_authentication', max_age: String(maxAgeSeconds) }
  }
  return undefined
}
