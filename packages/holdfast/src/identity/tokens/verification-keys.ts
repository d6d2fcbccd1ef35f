import { base64url, type CryptoKey, importJWK, type JWK } from 'jose'
import { isSameAlgorithm, keyKindOf, type TokenAlgorithm } from './algorithms.ts'
import { issuerUnavailable } from './issuer-unavailable.ts'
import { TokenRefused } from './token-refused.ts'

/** A JSON Web Key Set (RFC 7517). */
export interface JsonWebKeySet {
  readonly keys: readonly Readonly<Record<string, unknown>>[]
}

/** A public key of an issuer. */
export interface VerificationKey {
  readonly id: string | undefined
  readonly jwk: JWK
  /** Identifies the key and its rules; equal for the same key in a later key set. */
  readonly text: string
  /** Returns the key for an algorithm. */
  import(algorithm: TokenAlgorithm): Promise<CryptoKey>
}

/** The result of the search for a key. */
export type KeySearch = { readonly key: VerificationKey } | { readonly missing: string }

const maxKeys = 100

/**
 * Returns the keys of a key set. A key that is also in `known` is returned as the same object.
 *
 * @throws HoldfastError `issuer-unavailable` if the value is not a key set, or has more than 100
 *   keys.
 */
export function readKeySet(
  value: unknown,
  known: readonly VerificationKey[] = [],
): readonly VerificationKey[] {
  const { keys } = (value ?? {}) as { keys?: unknown }
  if (!Array.isArray(keys)) throw issuerUnavailable('The response is not a JSON Web Key Set.')
  if (keys.length > maxKeys) throw issuerUnavailable(`The key set has more than ${maxKeys} keys.`)
  const byText = new Map(known.map((key) => [key.text, key]))
  return keys.flatMap((jwk: unknown) => {
    if (typeof jwk !== 'object' || jwk === null) return []
    const text = JSON.stringify(jwk)
    return [byText.get(text) ?? toKey(jwk as JWK, text)]
  })
}

function toKey(jwk: JWK, text: string): VerificationKey {
  const imported = new Map<TokenAlgorithm, Promise<CryptoKey>>()
  return {
    id: typeof jwk.kid === 'string' ? jwk.kid : undefined,
    jwk,
    text,
    import(algorithm) {
      const found = imported.get(algorithm)
      if (found) return found
      const importing = importJWK(jwk, algorithm) as Promise<CryptoKey>
      imported.set(algorithm, importing)
      return importing
    },
  }
}

/**
 * Finds the key of a token: the key with exactly this id that suits the algorithm. A token without
 * a key id is accepted if only one key of the set suits its algorithm.
 *
 * @returns the reason if there is no such key. A newer key set may have it.
 * @throws TokenRefused if the key does not suit the algorithm, or if several keys suit it.
 */
export function findKey(
  keys: readonly VerificationKey[],
  keyId: string | undefined,
  algorithm: TokenAlgorithm,
): KeySearch {
  const named = keyId === undefined ? keys : keys.filter(({ id }) => id === keyId)
  if (named.length === 0) return { missing: 'its issuer has no key with this id' }
  const suitable = named.filter(({ jwk }) => findKeyIssue(jwk, algorithm) === undefined)
  const [key, ...others] = suitable
  if (others.length > 0) throw new TokenRefused('several keys of its issuer match it')
  if (key) return { key }
  if (keyId === undefined)
    return { missing: "it has no key id, and none of its issuer's keys fits its algorithm" }
  throw new TokenRefused(`its key ${findKeyIssue(named[0]!.jwk, algorithm)}`)
}

const minRsaBits = 2048
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv']

/** Returns the reason why a key may not verify tokens of an algorithm. */
export function findKeyIssue(jwk: JWK, algorithm: TokenAlgorithm): string | undefined {
  const { kty, crv } = keyKindOf(algorithm)
  const { use, key_ops: operations, alg } = jwk
  if (jwk.kty !== kty || (crv !== undefined && jwk.crv !== crv)) return `is not a key for ${algorithm}`
  if (privateMembers.some((name) => Object.hasOwn(jwk, name))) return 'is private'
  if (use !== undefined && use !== 'sig') return 'is not for signatures'
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify')))
    return 'is not for verification'
  if (alg !== undefined && (typeof alg !== 'string' || !isSameAlgorithm(alg, algorithm)))
    return 'is for another algorithm'
  return kty === 'RSA' ? findRsaIssue(jwk) : undefined
}

/** With the exponent 1, the signature would be the message itself. */
function findRsaIssue({ n, e }: JWK): string | undefined {
  const [modulus, exponent] = [toInteger(n), toInteger(e)]
  if (modulus.toString(2).length < minRsaBits) return `has fewer than ${minRsaBits} bits`
  return exponent < 3n || exponent % 2n === 0n ? 'has an invalid exponent' : undefined
}

/** Returns the unsigned integer in a base64url text; 0 for an invalid text. */
function toInteger(text: unknown): bigint {
  if (typeof text !== 'string' || !/^[\w-]+$/.test(text)) return 0n
  const hex = Array.from(base64url.decode(text), (byte) => byte.toString(16).padStart(2, '0')).join('')
  return BigInt(`0x${hex}`)
}
