import { base64url, calculateJwkThumbprint, compactVerify, importJWK, type JWK } from 'jose'
import { defaultAlgorithms, isTokenAlgorithm, type TokenAlgorithm } from '../algorithms.ts'
import { parseToken, type TokenClaims, type TokenHeader } from '../compact-token.ts'
import { TokenRefused } from '../token-refused.ts'
import { findKeyIssue } from '../verification-keys.ts'

/** The request that a proof must be made for. */
export interface ProvenRequest {
  readonly method: string
  /** The URL that clients use to call the service, without query and fragment. */
  readonly url: string
  /** The access token of the request. */
  readonly token: string
  /** The thumbprint of the key that the token is bound to. */
  readonly thumbprint: string
}

const maxProofBytes = 4_096
const maxIdLength = 256
/** The max difference between the time of a proof and the service's clock. */
const windowMs = 60_000
/**
 * A proof is valid for twice this window, and its id is remembered for longer, so that a replay is
 * refused.
 */
export const rememberedMs = 150_000

/** The algorithms of proofs, for the challenge. */
export const proofAlgorithms: readonly TokenAlgorithm[] = defaultAlgorithms

/**
 * Verifies a DPoP proof (RFC 9449 section 4.3): its signature, made with the key that it contains
 * and that the token is bound to, and the request and the token that it is for. Returns the id
 * under which it must be used only once.
 *
 * @throws TokenRefused
 */
export async function verifyProof(proof: string, request: ProvenRequest, nowMs: number): Promise<string> {
  const { header, claims, text } = parseToken(proof, maxProofBytes, 'proof')
  const { key, algorithm } = requireProofKey(header)
  if ((await calculateJwkThumbprint(key, 'sha256')) !== request.thumbprint)
    throw new TokenRefused('its proof has another key')
  checkProofClaims(claims, request, nowMs)
  if (claims['ath'] !== (await hashOf(request.token)))
    throw new TokenRefused('its proof is for another token')
  try {
    await compactVerify(text, await importJWK(key, algorithm), { algorithms: [algorithm] })
  } catch (cause) {
    throw new TokenRefused('the signature of its proof is invalid', { cause })
  }
  return `dpop ${request.thumbprint} ${claims['jti'] as string}`
}

interface ProofKey {
  readonly key: JWK
  readonly algorithm: TokenAlgorithm
}

function requireProofKey({ algorithm, type, members }: TokenHeader): ProofKey {
  if (type !== 'dpop+jwt') throw new TokenRefused('its proof has another type')
  if (!isTokenAlgorithm(algorithm) || !proofAlgorithms.includes(algorithm))
    throw new TokenRefused('the algorithm of its proof is not accepted')
  const key = members['jwk'] as JWK | undefined
  if (typeof key !== 'object' || key === null) throw new TokenRefused('its proof has no key')
  const issue = findKeyIssue(key, algorithm)
  if (issue !== undefined) throw new TokenRefused(`the key of its proof ${issue}`)
  return { key, algorithm }
}

function checkProofClaims({ jti, htm, htu, iat }: TokenClaims, request: ProvenRequest, nowMs: number): void {
  if (typeof jti !== 'string' || jti === '' || jti.length > maxIdLength)
    throw new TokenRefused('its proof has no id')
  if (htm !== request.method) throw new TokenRefused('its proof is for another method')
  if (typeof htu !== 'string' || normalizeUrl(htu) !== request.url)
    throw new TokenRefused('its proof is for another URL')
  if (typeof iat !== 'number' || !(Math.abs(nowMs - iat * 1_000) <= windowMs))
    throw new TokenRefused('its proof is from another time')
}

/**
 * Returns a URL in its normal form, without query and fragment (RFC 9449 section 4.3);
 * `undefined` for an invalid one.
 */
export function normalizeUrl(text: string): string | undefined {
  const url = URL.parse(text)
  if (!url) return undefined
  // Unreserved characters may be percent-encoded or not (RFC 3986 section 6.2.2.2).
  const path = url.pathname.replaceAll(/%[\da-f]{2}/gi, (escape) => {
    const character = String.fromCharCode(Number.parseInt(escape.slice(1), 16))
    return /[\w.~-]/.test(character) ? character : escape.toUpperCase()
  })
  return `${url.origin}${path}`
}

async function hashOf(token: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(token))
  return base64url.encode(new Uint8Array(digest))
}
