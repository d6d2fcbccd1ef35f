import { isStorableText } from '../../kernel/base/storable-text.ts'
import type { Caller } from '../../kernel/operation/caller.ts'
import type { TokenClaims } from './compact-token.ts'

/** The parts of an issuer that determine the callers of its tokens. */
export interface CallerRules {
  readonly idPrefix: string
  readonly subject: (claims: TokenClaims) => unknown
  readonly isService: (claims: TokenClaims) => boolean
  readonly scopes: (claims: TokenClaims) => readonly string[]
}

/** Returns the caller of a token; `undefined` if the token has no usable subject. */
export function callerOf(
  claims: TokenClaims,
  { idPrefix, subject, isService, scopes }: CallerRules,
): Caller | undefined {
  const id = subject(claims)
  if (typeof id !== 'string' || id === '' || !isStorableText(id)) return undefined
  return {
    kind: isService(claims) ? 'service' : 'user',
    id: idPrefix + id,
    scopes: scopes(claims),
  }
}

/** Returns the claim `sub`. */
export function subjectOf({ sub }: TokenClaims): unknown {
  return sub
}

/**
 * Returns true if the subject of a token is its client: a token of the client credentials grant
 * (RFC 9068 section 2.2).
 */
export function isClientCredentials({ sub, client_id: client, azp }: TokenClaims): boolean {
  return sub === (client ?? azp)
}

/**
 * Returns the scopes of a token: `scope` is a list in one text (RFC 8693 section 4.2). Some issuers
 * send `scp` instead, as a text or an array.
 */
export function scopesOf({ scope, scp }: TokenClaims): readonly string[] {
  return listOf(scope ?? scp)
}

/** Returns the texts in a claim that is an array, or a list in one text. */
export function listOf(claim: unknown): readonly string[] {
  if (typeof claim === 'string') return claim.split(' ').filter((item) => item !== '')
  return Array.isArray(claim) ? claim.filter((item) => typeof item === 'string') : []
}
