import { configurationInvalid } from '../../kernel/base/configuration-invalid.ts'
import { codeOf, fromBase32, stepAt } from './one-time-code.ts'

/**
 * Returns the code that an authenticator app shows for a secret, for tests and scripts.
 *
 * @param secret the secret in base32, as `addAuthenticator` returned it.
 * @param at the time. Default: now.
 * @throws HoldfastError `configuration-invalid` if the secret is not base32.
 *
 * @example
 * ```ts
 * const code = authenticatorCode('JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP')
 * ```
 */
export function authenticatorCode(secret: string, at: Date = new Date()): string {
  const bytes = fromBase32(secret)
  if (!bytes) throw configurationInvalid(['the secret of an authenticator app is not base32'])
  return codeOf(bytes, stepAt(at.getTime()))
}
