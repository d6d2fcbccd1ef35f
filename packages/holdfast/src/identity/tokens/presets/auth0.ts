import { listOf, scopesOf } from '../token-caller.ts'
import type { TrustedIssuer } from '../trusted-issuer.ts'
import type { PresetOptions } from './preset.ts'

/** Options of {@link auth0}. */
export interface Auth0Options extends PresetOptions {
  /** The domain of the tenant, or its custom domain: `example.eu.auth0.com`. */
  readonly domain: string
  /** The identifier of the API in Auth0. */
  readonly audience: string | readonly string[]
}

/**
 * Returns the issuer of an Auth0 tenant. A machine's token (`gty`) belongs to a service. With
 * role-based access control, `permissions` are scopes.
 *
 * @example
 * ```ts
 * bearerTokens({
 *   issuers: [auth0({ domain: 'example.eu.auth0.com', audience: 'https://api.example.com' })],
 * })
 * ```
 */
export function auth0({ domain, audience, ...options }: Auth0Options): TrustedIssuer {
  return {
    issuer: `https://${domain}/`,
    audience,
    algorithms: ['RS256'],
    // The audience of an ID token is the id of a client, never that of an API.
    types: ['at+jwt', 'JWT'],
    isService: ({ gty }) => gty === 'client-credentials',
    scopes: (claims) => [...new Set([...scopesOf(claims), ...listOf(claims['permissions'])])],
    ...options,
  }
}
