import type { Capability } from '../../kernel/background/background.ts'
import { callSite } from '../../kernel/base/call-site.ts'
import { configurationInvalid } from '../../kernel/base/configuration-invalid.ts'
import { partsOf } from '../accounts/account-parts.ts'
import type { Accounts } from '../accounts/accounts.ts'
import { addAuthenticator, confirmAuthenticator, removeAuthenticator } from './own-authenticator.ts'
import { createRecoveryCodes, getSecondFactor } from './own-second-factor.ts'
import { signInWithSecondFactor } from './second-factor-sign-in.ts'

/** Options of {@link authenticatorApp}. */
export interface AuthenticatorAppOptions {
  /** The name of the service that the app shows beside its codes: `'Example'`. */
  readonly issuer: string
}

/** The operations of the second factor, by their names. */
export type SecondFactorOperations = {
  readonly signInWithSecondFactor: ReturnType<typeof signInWithSecondFactor>
  readonly getSecondFactor: ReturnType<typeof getSecondFactor>
  readonly addAuthenticator: ReturnType<typeof addAuthenticator>
  readonly confirmAuthenticator: ReturnType<typeof confirmAuthenticator>
  readonly createRecoveryCodes: ReturnType<typeof createRecoveryCodes>
  readonly removeAuthenticator: ReturnType<typeof removeAuthenticator>
}

/** A second factor of accounts: a capability of a service, with its operations. */
export interface AuthenticatorApp extends Capability {
  readonly operations: SecondFactorOperations
}

/**
 * Returns a second factor for accounts: an authenticator app (TOTP, RFC 6238), with recovery codes.
 * The user decides whether to add it. List the result in `capabilities` of the service, and its
 * operations in `operations`.
 *
 * If a user has added it, every sign-in needs a code, even in a process without this capability:
 * there, the user cannot sign in.
 *
 * @param accounts the accounts of the application, as `accounts` returned them.
 * @throws HoldfastError `configuration-invalid` if `issuer` is empty or contains a colon.
 *
 * @example
 * ```ts
 * const secondFactor = authenticatorApp(auth, { issuer: 'Example' })
 * service({
 *   name: 'shop',
 *   operations: { ...auth.operations, ...secondFactor.operations },
 *   capabilities: [auth, secondFactor],
 * })
 * ```
 */
export function authenticatorApp(accounts: Accounts, { issuer }: AuthenticatorAppOptions): AuthenticatorApp {
  if (issuer.trim() === '' || issuer.includes(':'))
    throw configurationInvalid([
      `issuer of authenticatorApp is ${JSON.stringify(issuer)}; set it to a name without a colon`,
    ])
  const parts = partsOf(accounts)
  return {
    name: 'authenticator-app',
    definedAt: callSite(authenticatorApp),
    operations: {
      signInWithSecondFactor: signInWithSecondFactor(parts),
      getSecondFactor: getSecondFactor(parts),
      addAuthenticator: addAuthenticator(parts, issuer),
      confirmAuthenticator: confirmAuthenticator(parts),
      createRecoveryCodes: createRecoveryCodes(parts),
      removeAuthenticator: removeAuthenticator(parts),
    },
  }
}
