import { randomUUID } from 'node:crypto'
import { configurationInvalid } from '../../kernel/base/configuration-invalid.ts'
import { type Duration, toMilliseconds } from '../../kernel/base/duration.ts'
import type { TokenClaims } from '../tokens/compact-token.ts'

/** The contents of a new token. */
export interface NewToken {
  /** The id of the user or the service that the token identifies: the claim `sub`. */
  readonly subject: string
  /** The names of the services that accept the token: the claim `aud`. */
  readonly audience: string | readonly string[]
  /**
   * The id of the service that uses the token: the claim `client_id`. Default: the subject, so that
   * the token identifies a service. Set it to the name of your service in a token of a user.
   */
  readonly client?: string
  /** The scopes of the token: the claim `scope`. Default: none. */
  readonly scopes?: readonly string[]
  /**
   * The lifetime. Default `'5m'`, max `'1h'`. A token cannot be revoked, so it is valid for this
   * long after the rights of its subject have changed.
   */
  readonly lifetime?: Duration
  /**
   * The key of the client, without which the token is useless: the thumbprint of its DPoP key (RFC
   * 9449), or of its certificate (RFC 8705). Default: a bearer token.
   */
  readonly boundTo?: { readonly jkt: string } | { readonly 'x5t#S256': string }
  /** Further claims, such as `tenant`. Default: none. */
  readonly claims?: Readonly<Record<string, unknown>>
}

const reserved = ['iss', 'sub', 'aud', 'exp', 'iat', 'nbf', 'jti', 'client_id', 'scope', 'cnf']
const scopeForm = /^[\x21\x23-\x5b\x5d-\x7e]+$/

/**
 * Returns the claims of a new token (RFC 9068 section 2.2).
 *
 * @throws HoldfastError `configuration-invalid` if a member is empty or reserved.
 */
export function toClaims(token: NewToken, { issuer, nowMs }: { issuer: string; nowMs: number }): TokenClaims {
  const { subject, client = subject, scopes = [], lifetime = '5m', boundTo, claims = {} } = token
  const audience = [token.audience].flat()
  const issues = findIssues({ ...token, client, scopes, claims, audience })
  if (issues.length > 0) throw configurationInvalid(issues.map((issue) => `a new token: ${issue}`))
  const issuedAt = Math.floor(nowMs / 1_000)
  const seconds = Math.floor(toMilliseconds(lifetime, { option: 'lifetime', max: '1h' }) / 1_000)
  return {
    ...claims,
    iss: issuer,
    sub: subject,
    aud: audience.length === 1 ? audience[0] : audience,
    client_id: client,
    jti: randomUUID(),
    iat: issuedAt,
    exp: issuedAt + seconds,
    ...(scopes.length > 0 ? { scope: scopes.join(' ') } : {}),
    ...(boundTo ? { cnf: boundTo } : {}),
  }
}

type CompleteToken = NewToken &
  Required<Pick<NewToken, 'client' | 'scopes' | 'claims'>> & { readonly audience: readonly string[] }

function findIssues({ subject, client, audience, scopes, claims }: CompleteToken): readonly string[] {
  return [
    ...(subject === '' ? ['`subject` is empty'] : []),
    ...(client === '' ? ['`client` is empty'] : []),
    ...(audience.length === 0 || audience.includes('')
      ? [
          '`audience` is empty, so every service would have to refuse the token; name the services that accept it',
        ]
      : []),
    ...scopes
      .filter((scope) => !scopeForm.test(scope))
      .map((scope) => `the scope ${JSON.stringify(scope)} must be visible ASCII without spaces, " and \\`),
    ...Object.keys(claims)
      .filter((name) => reserved.includes(name))
      .map((name) => `the claim ${name} is set by the issuer; remove it from \`claims\``),
  ]
}
