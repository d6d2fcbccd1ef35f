import type * as openIdClient from 'openid-client'
import { HoldfastError } from '../../kernel/base/holdfast-error.ts'

/** The library. Its types are not part of the API of the package. */
export type OpenIdClient = typeof openIdClient

/**
 * Loads the library, which only services with providers install.
 *
 * @throws HoldfastError `openid-client-missing`
 */
export async function loadOpenIdClient(): Promise<OpenIdClient> {
  try {
    return await import('openid-client')
  } catch (cause) {
    throw new HoldfastError(
      'openid-client-missing',
      'Sign-in with other providers needs the package openid-client. Install it: npm install openid-client@6',
      { cause },
    )
  }
}
