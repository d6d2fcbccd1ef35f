import { listOf, scopesOf } from '../token-caller.ts'
import type { TrustedIssuer } from '../trusted-issuer.ts'
import { type PresetOptions, toRoleScopes } from './preset.ts'

/** Options of {@link entra}. */
export interface EntraOptions extends PresetOptions {
  /** The id of the tenant, a GUID. Tokens of other tenants are refused. */
  readonly tenantId: string
  /**
   * The audience of the API: its client id in tokens of version 2, usually `api://…` in those of
   * version 1.
   */
  readonly audience: string | readonly string[]
  /**
   * The version of the tokens, as `requestedAccessTokenVersion` in the manifest of the API. Default
   * 2.
   */
  readonly version?: 1 | 2
}

/**
 * Returns the issuer of a Microsoft Entra tenant. The id of the caller is `oid`, because `sub`
 * differs between applications. Its scopes are those in `scp`, plus `role:…` for each role in
 * `roles`. A token without `scp` belongs to a service.
 *
 * @example
 * ```ts
 * bearerTokens({
 *   issuers: [
 *     entra({
 *       tenantId: '8f2f2a3e-6f0b-4d0e-9d55-2f5f3a6c1d11',
 *       audience: '0b7a1d3c-1f7c-4a4b-8a51-0f6c7d1d2e22',
 *     }),
 *   ],
 * })
 * ```
 */
export function entra({ tenantId, audience, version = 2, ...options }: EntraOptions): TrustedIssuer {
  const authority = `https://login.microsoftonline.com/${tenantId}`
  return {
    issuer: version === 2 ? `${authority}/v2.0` : `https://sts.windows.net/${tenantId}/`,
    ...(options.keys ? {} : { jwksUri: `${authority}/discovery/${version === 2 ? 'v2.0/' : ''}keys` }),
    audience,
    algorithms: ['RS256'],
    types: ['JWT', 'at+jwt'],
    check({ tid, ver, azp, appid, scp, roles }) {
      if (tid !== tenantId) return 'it is of another tenant'
      if (ver !== `${version}.0`) return 'it has another version'
      // The API itself can be the audience of an ID token, which has no client.
      if (typeof (version === 2 ? azp : appid) !== 'string') return 'it is not an access token'
      // An application without any permission can get a token, too.
      return scp === undefined && roles === undefined ? 'it has no permission' : undefined
    },
    subject: ({ oid }) => oid,
    isService: ({ scp, idtyp }) => (idtyp === undefined ? scp === undefined : idtyp === 'app'),
    scopes: (claims) => [...scopesOf(claims), ...toRoleScopes(listOf(claims['roles']))],
    ...options,
  }
}
