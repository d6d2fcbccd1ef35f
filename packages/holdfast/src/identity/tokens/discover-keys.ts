import type { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import { fetchJson } from './fetch-json.ts'
import { issuerUnavailable } from './issuer-unavailable.ts'
import { findUrlIssue } from './issuer-url.ts'

/**
 * Returns the key set of an issuer. If no URL is given, it comes from the issuer's metadata (OpenID
 * Connect Discovery or RFC 8414).
 *
 * @throws HoldfastError `issuer-unavailable`
 */
export async function fetchKeySet(issuer: string, jwksUri: string | undefined): Promise<unknown> {
  return fetchJson(jwksUri ?? (await discoverJwksUri(issuer)))
}

/** Returns the URL of the key set from an issuer's metadata. */
async function discoverJwksUri(issuer: string): Promise<string> {
  const metadata = (await fetchMetadata(issuer)) as { issuer?: unknown; jwks_uri?: unknown } | null
  // Otherwise, the metadata of a different issuer could be served at a path of this one (RFC 8414
  // section 3.3).
  if (metadata?.issuer !== issuer)
    throw invalidMetadata(issuer, `its "issuer" is ${JSON.stringify(metadata?.issuer)}`)
  const { jwks_uri: uri } = metadata
  const issue = typeof uri === 'string' ? findUrlIssue(uri) : 'is missing'
  if (issue !== undefined) throw invalidMetadata(issuer, `its "jwks_uri" ${issue}`)
  return uri as string
}

async function fetchMetadata(issuer: string): Promise<unknown> {
  const { origin, pathname } = new URL(issuer)
  const path = pathname.replace(/\/$/, '')
  try {
    return await fetchJson(`${origin}${path}/.well-known/openid-configuration`)
  } catch (error) {
    try {
      return await fetchJson(`${origin}/.well-known/oauth-authorization-server${path}`)
    } catch {
      throw error
    }
  }
}

function invalidMetadata(issuer: string, what: string): HoldfastError {
  return issuerUnavailable(`The metadata of the issuer ${issuer} is invalid: ${what}.`)
}
