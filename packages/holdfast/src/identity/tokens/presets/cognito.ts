import type { TrustedIssuer } from '../trusted-issuer.ts'
import type { PresetOptions } from './preset.ts'

/** Options of {@link cognito}. */
export interface CognitoOptions extends PresetOptions {
  /** The AWS region of the user pool: `eu-central-1`. */
  readonly region: string
  /** The id of the user pool: `eu-central-1_Ab12Cd34E`. */
  readonly userPoolId: string
  /**
   * The ids of the app clients whose tokens are accepted. Access tokens have no audience, so the
   * client is checked (`client_id`).
   */
  readonly clientIds: readonly string[]
}

/**
 * Returns the issuer of an Amazon Cognito user pool, for its access tokens. ID tokens are refused
 * (`token_use`).
 *
 * @example
 * ```ts
 * bearerTokens({
 *   issuers: [
 *     cognito({
 *       region: 'eu-central-1',
 *       userPoolId: 'eu-central-1_Ab12Cd34E',
 *       clientIds: ['3n4b5urk1ft4fl3mg5e62d9ado'],
 *     }),
 *   ],
 * })
 * ```
 */
export function cognito({ region, userPoolId, clientIds, ...options }: CognitoOptions): TrustedIssuer {
  const issuer = `https://cognito-idp.${region}.amazonaws.com/${userPoolId}`
  return {
    issuer,
    ...(options.keys ? {} : { jwksUri: `${issuer}/.well-known/jwks.json` }),
    audience: false,
    algorithms: ['RS256'],
    // The header of Cognito's tokens has no type.
    types: [undefined, 'at+jwt'],
    check({ token_use: use, client_id: client }) {
      if (use !== 'access') return 'it is not an access token'
      return typeof client === 'string' && clientIds.includes(client) ? undefined : 'it is of another client'
    },
    ...options,
  }
}
