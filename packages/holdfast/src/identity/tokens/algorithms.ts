/*
 * The signature algorithms of tokens. All are asymmetric: with a shared secret, each service that
 * verifies a token could also issue one, and a public key could be mistaken for the secret
 * (RFC 8725 section 2.1).
 */

/** A signature algorithm of JWS (RFC 7518, RFC 8037, RFC 9864). */
export type TokenAlgorithm =
  | 'RS256'
  | 'RS384'
  | 'RS512'
  | 'PS256'
  | 'PS384'
  | 'PS512'
  | 'ES256'
  | 'ES384'
  | 'ES512'
  | 'EdDSA'
  | 'Ed25519'

/** The key that an algorithm needs. */
export interface KeyKind {
  readonly kty: 'RSA' | 'EC' | 'OKP'
  readonly crv?: string
}

const rsa: KeyKind = { kty: 'RSA' }
const ed25519: KeyKind = { kty: 'OKP', crv: 'Ed25519' }

const keyKinds: Readonly<Record<TokenAlgorithm, KeyKind>> = {
  RS256: rsa,
  RS384: rsa,
  RS512: rsa,
  PS256: rsa,
  PS384: rsa,
  PS512: rsa,
  ES256: { kty: 'EC', crv: 'P-256' },
  ES384: { kty: 'EC', crv: 'P-384' },
  ES512: { kty: 'EC', crv: 'P-521' },
  EdDSA: ed25519,
  Ed25519: ed25519,
}

/** The algorithms that an issuer may use unless it lists its own. */
export const defaultAlgorithms: readonly TokenAlgorithm[] = ['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519']

/** Returns true if a text is the name of a supported algorithm. */
export function isTokenAlgorithm(name: string): name is TokenAlgorithm {
  return Object.hasOwn(keyKinds, name)
}

/** Returns the key that an algorithm needs. */
export function keyKindOf(algorithm: TokenAlgorithm): KeyKind {
  return keyKinds[algorithm]
}

/** Returns true if a key declared for one algorithm may be used for the other. */
export function isSameAlgorithm(one: string, other: string): boolean {
  return one === other || (isEdDsa(one) && isEdDsa(other))
}

/** RFC 9864 replaces the name `EdDSA` with `Ed25519`. */
function isEdDsa(name: string): boolean {
  return name === 'EdDSA' || name === 'Ed25519'
}
