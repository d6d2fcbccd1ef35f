import type * as simpleWebAuthn from '@simplewebauthn/server'
import { HoldfastError } from '../../kernel/base/holdfast-error.ts'

/** The library. Its types are not part of the API of the package. */
export type WebAuthn = typeof simpleWebAuthn

/**
 * Loads the library, which only services with passkeys install.
 *
 * @throws HoldfastError `simplewebauthn-missing`
 */
export async function loadWebAuthn(): Promise<WebAuthn> {
  try {
    return await import('@simplewebauthn/server')
  } catch (cause) {
    throw new HoldfastError(
      'simplewebauthn-missing',
      'Passkeys need the package @simplewebauthn/server. Install it: npm install @simplewebauthn/server@14',
      { cause },
    )
  }
}
