import type { TokenClaims } from '../compact-token.ts'
import { listOf, scopesOf } from '../token-caller.ts'
import type { TrustedIssuer } from '../trusted-issuer.ts'
import { type PresetOptions, toRoleScopes } from './preset.ts'

/** Options of {@link keycloak}. */
export interface KeycloakOptions extends PresetOptions {
  /** The base URL of Keycloak: `https://sso.example.com`. */
  readonly url: string
  /** The name of the realm. */
  readonly realm: string
  /**
   * The audience of the API. A client scope with an audience mapper adds it to tokens. Otherwise,
   * their audience is `account`, as for every API of the realm.
   */
  readonly audience: string | readonly string[]
  /** The clients whose tokens are accepted (`azp`). Default: every client of the realm. */
  readonly clients?: readonly string[]
}

/**
 * Returns the issuer of a Keycloak realm. The caller's scopes are those in `scope`, plus `role:…`
 * for each role of the realm. A service account's token belongs to a service, whose id is that of
 * the client.
 *
 * @example
 * ```ts
 * bearerTokens({
 *   issuers: [keycloak({ url: 'https://sso.example.com', realm: 'shop', audience: 'orders' })],
 * })
 * ```
 */
export function keycloak({ url, realm, audience, clients, ...options }: KeycloakOptions): TrustedIssuer {
  return {
    issuer: `${url.replace(/\/$/, '')}/realms/${realm}`,
    audience,
    types: ['JWT', 'at+jwt'],
    check({ typ, azp }) {
      // ID tokens and refresh tokens have the same header; only the claim `typ` differs.
      if (typ !== 'Bearer' && typ !== 'DPoP') return 'it is not an access token'
      return !clients || clients.includes(azp as string) ? undefined : 'it is of another client'
    },
    subject: (claims) => (isServiceAccount(claims) ? claims['azp'] : claims['sub']),
    isService: isServiceAccount,
    scopes: (claims) => {
      const { roles } = (claims['realm_access'] ?? {}) as { readonly roles?: unknown }
      return [...scopesOf(claims), ...toRoleScopes(listOf(roles))]
    },
    ...options,
  }
}

/**
 * The token of a service account has its client as a claim, and a user name that contains the
 * client's id.
 */
function isServiceAccount({ client_id: client, azp, preferred_username: name }: TokenClaims): boolean {
  return typeof client === 'string' && client === azp && name === `service-account-${client.toLowerCase()}`
}
