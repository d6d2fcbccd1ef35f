import type { Credentials } from '../../../kernel/operation/credentials.ts'
import type { TokenClaims } from '../compact-token.ts'
import { TokenRefused } from '../token-refused.ts'
import { normalizeUrl, rememberedMs, verifyProof } from './dpop-proof.ts'

/** A token as sent by the client. */
export interface PresentedToken {
  readonly text: string
  /** The scheme of `Authorization`, in lower case. */
  readonly scheme: 'bearer' | 'dpop'
}

/** A token, and the rules for its binding to a key or a certificate. */
export interface BoundToken extends PresentedToken {
  /** The URL that clients use to call the service. `undefined`: DPoP is not accepted. */
  readonly baseUrl: string | undefined
  /** True if unbound tokens are refused. */
  readonly isRequired: boolean
}

/**
 * Checks that a token's sender has the key (DPoP, RFC 9449) or the client certificate (RFC 8705)
 * that the claim `cnf` binds the token to. Returns a promise only for DPoP.
 *
 * @throws TokenRefused
 */
export function checkBinding(
  claims: TokenClaims,
  token: BoundToken,
  credentials: Credentials,
): void | Promise<void> {
  const cnf = claims['cnf']
  if (cnf === undefined) {
    if (token.scheme === 'dpop' || token.isRequired) throw new TokenRefused('it is not bound to a key')
    return undefined
  }
  if (typeof cnf !== 'object' || cnf === null || Array.isArray(cnf))
    throw new TokenRefused('its binding is unknown')
  const { jkt, 'x5t#S256': certificate, ...others } = cnf as Readonly<Record<string, unknown>>
  if (Object.keys(others).length > 0 || (jkt === undefined && certificate === undefined))
    throw new TokenRefused('its binding is unknown')
  if (certificate !== undefined && certificate !== credentials.peer.certificate?.thumbprint)
    throw new TokenRefused('it is bound to a certificate that the client did not send')
  if (jkt === undefined) {
    if (token.scheme === 'dpop') throw new TokenRefused('it is not bound to a key')
    return undefined
  }
  if (token.scheme !== 'dpop') throw new TokenRefused('it is bound to a key, and was sent as a bearer token')
  return checkProof(jkt, token, credentials)
}

async function checkProof(
  jkt: unknown,
  { text: token, baseUrl }: BoundToken,
  { header, requestLine, clock, useOnce }: Credentials,
): Promise<void> {
  const proof = header('dpop')
  const line = requestLine()
  if (proof === undefined) return refuseProof(new TokenRefused('it was sent without a proof'))
  if (typeof jkt !== 'string' || baseUrl === undefined || !line)
    throw new TokenRefused('proofs are not accepted')
  const [path = ''] = line.target.split('?')
  const url = normalizeUrl(baseUrl.replace(/\/$/, '') + path)
  if (url === undefined) throw new TokenRefused('the URL of the request is invalid')
  const request = { method: line.method, url, token, thumbprint: jkt }
  const id = await verifyProof(proof, request, clock.now()).catch(refuseProof)
  if (!(await useOnce(id, rememberedMs))) refuseProof(new TokenRefused('its proof was used before'))
}

function refuseProof(error: unknown): never {
  if (!(error instanceof TokenRefused)) throw error
  throw new TokenRefused(error.message, { isProof: true, cause: error.cause })
}
