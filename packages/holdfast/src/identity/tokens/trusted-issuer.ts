import type { Statements } from '../../kernel/background/effects.ts'
import type { Duration } from '../../kernel/base/duration.ts'
import type { Caller } from '../../kernel/operation/caller.ts'
import type { TokenAlgorithm } from './algorithms.ts'
import type { TokenClaims } from './compact-token.ts'
import type { JsonWebKeySet } from './verification-keys.ts'

/** An issuer whose access tokens a service accepts. */
export interface TrustedIssuer {
  /**
   * The issuer, exactly as in the claim `iss` of its tokens: an https URL. Outside production, http
   * is allowed for a loopback address.
   */
  readonly issuer: string
  /**
   * The names by which the issuer knows this service. A token must have one of them in its claim
   * `aud`. Without this check, a token for a different service would be accepted. `false` is for an
   * issuer whose tokens have no `aud`; it requires `check`, and a token with an `aud` is refused.
   */
  readonly audience: string | readonly string[] | false
  /**
   * The signature algorithms that the issuer may use. Default: RS256, PS256, ES256, EdDSA and
   * Ed25519. Set it to the algorithm that the issuer uses, if you know it.
   */
  readonly algorithms?: readonly TokenAlgorithm[]
  /**
   * The URL of the key set (JWKS) of the issuer. Default: the `jwks_uri` of the issuer's metadata,
   * which is read from `/.well-known/openid-configuration` (OpenID Connect Discovery) or
   * `/.well-known/oauth-authorization-server` (RFC 8414).
   */
  readonly jwksUri?: string
  /**
   * The key set, or a function that loads it with the statements of the call. Set it for an issuer
   * that does not serve its keys over HTTP. Default: the key set at `jwksUri`.
   */
  readonly keys?: JsonWebKeySet | ((statements: Statements) => Promise<JsonWebKeySet>)
  /**
   * The accepted values of the header `typ`; `undefined` accepts a token without it. Default:
   * `['at+jwt']` (RFC 9068). Many issuers send `JWT` in all tokens; with `['JWT']`, make sure that
   * `audience` is not the client id of a login, because ID tokens would be accepted too.
   */
  readonly types?: readonly (string | undefined)[]
  /**
   * The max difference between the clocks of the issuer and the service. Default `'30s'`, max
   * `'5m'`.
   */
  readonly clockSkew?: Duration
  /**
   * The max time since the token was issued (`iat`), regardless of its `exp`. Default `'24h'`.
   * Raise it if the issuer's tokens live longer.
   */
  readonly maxAge?: Duration
  /**
   * The time for which known keys are used if the issuer is down. Default `'24h'`. A key that the
   * issuer revokes while it cannot be reached stays valid for this time.
   */
  readonly staleKeys?: Duration
  /**
   * A prefix for the ids of callers: with `'partner|'`, the subject 42 has the id `partner|42`. A
   * subject is unique only within its issuer, so several issuers need different prefixes. Default:
   * no prefix.
   */
  readonly idPrefix?: string
  /**
   * True if a token must be bound to a key (DPoP) or to a client certificate, so that a stolen
   * token is useless. Bound tokens are always checked. Default false.
   */
  readonly mustBeBound?: boolean
  /**
   * Checks claims that are specific to this issuer. Returns the reason to refuse the token, for the
   * log; `undefined` to accept it. Runs after all other checks. Default: no check.
   */
  readonly check?: (claims: TokenClaims) => string | undefined
  /**
   * Returns the subject of a token. The caller's id is `idPrefix` followed by the subject. Default:
   * `sub`.
   */
  readonly subject?: (claims: TokenClaims) => unknown
  /**
   * Returns true if a token belongs to a service instead of a user. Default: true if `sub` is the
   * id of the client.
   */
  readonly isService?: (claims: TokenClaims) => boolean
  /** Returns the scopes of a token. Default: those in `scope` or `scp`. */
  readonly scopes?: (claims: TokenClaims) => readonly string[]
  /**
   * Returns the caller with these claims; `undefined` refuses the token. Must depend only on the
   * claims, because callers are cached. Replaces `idPrefix`, `subject`, `isService` and `scopes`.
   * Default: a user or a service with the id `sub` and the scopes of the token.
   */
  readonly caller?: (claims: TokenClaims) => Caller | undefined
}
