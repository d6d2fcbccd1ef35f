import type { TrustedIssuer } from '../trusted-issuer.ts'
import type { PresetOptions } from './preset.ts'

/** Options of {@link clerk}. */
export interface ClerkOptions extends PresetOptions {
  /** The Frontend API URL of the instance: `https://clerk.example.com`. */
  readonly issuer: string
  /**
   * The origins of the pages that may use the tokens: `https://app.example.com`. Tokens have no
   * audience, so the origin that a token was issued for is checked (`azp`).
   */
  readonly authorizedParties: readonly string[]
}

/**
 * Returns the issuer of a Clerk instance, for its session tokens. A session with an unfinished
 * task, such as the choice of an organization, is refused.
 *
 * @example
 * ```ts
 * bearerTokens({
 *   issuers: [
 *     clerk({
 *       issuer: 'https://clerk.example.com',
 *       authorizedParties: ['https://app.example.com'],
 *     }),
 *   ],
 * })
 * ```
 */
export function clerk({ issuer, authorizedParties, ...options }: ClerkOptions): TrustedIssuer {
  return {
    issuer,
    audience: false,
    algorithms: ['RS256'],
    types: ['JWT'],
    check({ azp, sts, sid }) {
      if (typeof azp !== 'string' || !authorizedParties.includes(azp)) return 'it is for another origin'
      if (typeof sid !== 'string') return 'it belongs to no session'
      return sts === undefined || sts === 'active' ? undefined : 'its session is not active'
    },
    isService: () => false,
    ...options,
  }
}
