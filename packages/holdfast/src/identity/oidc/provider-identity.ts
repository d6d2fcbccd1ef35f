import type { IdentityClaims, IdentityProvider } from './identity-provider.ts'
import { emailKeyOf } from '../accounts/fields.ts'

/** An identity at a provider, from verified claims. */
export interface ProviderIdentity {
  readonly provider: string
  readonly issuer: string
  readonly subject: string
  /** The address; `undefined` if the provider sent none. */
  readonly email: { readonly address: string; readonly key: string } | undefined
  /** True if the provider has verified the address, and decides who owns it. */
  readonly ownsEmail: boolean
  readonly usedSecondFactor: boolean
  /** The time at which the user entered their credentials at the provider, if it is known. */
  readonly authenticatedAt: Date | undefined
}

const maxEmailLength = 254

/** Returns the identity in claims that were verified. */
export function toIdentity(
  claims: IdentityClaims & { readonly iss: string; readonly sub: string },
  { name, ownsEmail, usedSecondFactor }: IdentityProvider<never>,
): ProviderIdentity {
  const email = readEmail(claims['email'])
  const isVerified = claims['email_verified'] === true
  const authTime = claims['auth_time']
  return {
    provider: name,
    issuer: claims.iss,
    subject: claims.sub,
    email,
    ownsEmail: email !== undefined && isVerified && ownsEmail?.(claims) === true,
    usedSecondFactor: usedSecondFactor?.(claims) === true,
    authenticatedAt: typeof authTime === 'number' ? new Date(authTime * 1_000) : undefined,
  }
}

function readEmail(given: unknown): ProviderIdentity['email'] {
  if (typeof given !== 'string') return undefined
  const address = given.trim().normalize('NFC')
  if (address.length > maxEmailLength || !/^[^\s@\p{Cc}]+@[^\s@\p{Cc}]+$/u.test(address)) return undefined
  return { address, key: emailKeyOf(address) }
}
