import type { IdentityClaims, IdentityProvider } from './identity-provider.ts'
import { email, emailKeyOf } from '../accounts/fields.ts'

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

/** Returns the identity in claims that were verified. */
export function toIdentity(
  claims: IdentityClaims & { readonly iss: string; readonly sub: string },
  { name, ownsEmail, usedSecondFactor }: IdentityProvider<never>,
): ProviderIdentity {
  const given = readEmail(claims['email'])
  const isVerified = claims['email_verified'] === true
  const authTime = claims['auth_time']
  return {
    provider: name,
    issuer: claims.iss,
    subject: claims.sub,
    email: given,
    ownsEmail: given !== undefined && isVerified && ownsEmail?.(claims) === true,
    usedSecondFactor: usedSecondFactor?.(claims) === true,
    authenticatedAt: typeof authTime === 'number' ? new Date(authTime * 1_000) : undefined,
  }
}

function readEmail(given: unknown): ProviderIdentity['email'] {
  const read = typeof given === 'string' ? email.read(given) : undefined
  return read && 'value' in read ? { address: read.value, key: emailKeyOf(read.value) } : undefined
}
