import type { TokenClaims } from './compact-token.ts'
import { TokenRefused } from './token-refused.ts'

/** The rules for the claims of a token. */
export interface ClaimRules {
  readonly audience: readonly string[]
  readonly clockSkewMs: number
  readonly maxAgeMs: number
  readonly check: ((claims: TokenClaims) => string | undefined) | undefined
}

/**
 * Checks the claims of a token (RFC 7519 section 4.1, RFC 9068 section 4). `iss` has already
 * selected the issuer.
 *
 * @throws TokenRefused
 */
export function checkClaims(claims: TokenClaims, rules: ClaimRules, nowMs: number): void {
  if (!hasAudience(claims['aud'], rules.audience)) throw new TokenRefused('it is for another audience')
  const reason = rules.check?.(claims)
  if (reason !== undefined) throw new TokenRefused(reason)
  checkTimes(claims, rules, nowMs)
}

function hasAudience(claim: unknown, accepted: readonly string[]): boolean {
  if (accepted.length === 0) return claim === undefined
  const audiences: readonly unknown[] = Array.isArray(claim) ? claim : [claim]
  return (
    audiences.every((audience) => typeof audience === 'string') &&
    audiences.some((audience) => accepted.includes(audience as string))
  )
}

/**
 * Checks that a token is valid at a time.
 *
 * @throws TokenRefused
 */
export function checkTimes(
  claims: TokenClaims,
  { clockSkewMs, maxAgeMs }: Pick<ClaimRules, 'clockSkewMs' | 'maxAgeMs'>,
  nowMs: number,
): void {
  const expiresMs = timeOf(claims, 'exp')
  const issuedMs = timeOf(claims, 'iat')
  const validFromMs = claims['nbf'] === undefined ? issuedMs : timeOf(claims, 'nbf')
  if (issuedMs > nowMs + clockSkewMs) throw new TokenRefused('it was issued in the future')
  if (validFromMs > nowMs + clockSkewMs) throw new TokenRefused('it is not valid yet')
  if (expiresMs <= nowMs - clockSkewMs) throw new TokenRefused('it has expired', { hasExpired: true })
  if (nowMs - issuedMs > maxAgeMs + clockSkewMs)
    throw new TokenRefused('it was issued too long ago', { hasExpired: true })
}

/** The max number of seconds that a `Date` can represent. */
const maxSeconds = 8_640_000_000_000

function timeOf(claims: TokenClaims, name: string): number {
  const seconds = claims[name]
  if (typeof seconds !== 'number' || !(seconds >= 0 && seconds <= maxSeconds))
    throw new TokenRefused(`its "${name}" is missing, or is not a number of seconds`)
  return seconds * 1_000
}
