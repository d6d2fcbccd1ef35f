import type { Capability } from '../../kernel/background/background.ts'
import { callSite } from '../../kernel/base/call-site.ts'
import { configurationInvalid } from '../../kernel/base/configuration-invalid.ts'
import { partsOf } from '../accounts/account-parts.ts'
import type { Accounts } from '../accounts/accounts.ts'
import { addPasskey, getPasskeyCreation } from './add-passkey.ts'
import { listPasskeys, removePasskey, renameOwnPasskey } from './own-passkeys.ts'
import type { PasskeyParts } from './passkey-parts.ts'
import { getPasskeyRequest, signInWithPasskey } from './sign-in-with-passkey.ts'

/** Options of {@link passkeys}. */
export interface PasskeyOptions {
  /**
   * The domain that passkeys belong to (the RP ID): `example.com`. Pages of the domain and of its
   * subdomains can use them. It cannot be changed later: passkeys of another domain do not work.
   */
  readonly domain: string
  /** The name of the service that authenticators show: `'Example'`. */
  readonly name: string
  /**
   * The origins of the pages that may use passkeys: `['https://app.example.com']`. Each is the
   * domain or one of its subdomains, and uses https (http only for `localhost`).
   */
  readonly origins: readonly string[]
}

/** The operations of passkeys, by their names. */
export type PasskeyOperations = {
  readonly getPasskeyRequest: ReturnType<typeof getPasskeyRequest>
  readonly signInWithPasskey: ReturnType<typeof signInWithPasskey>
  readonly getPasskeyCreation: ReturnType<typeof getPasskeyCreation>
  readonly addPasskey: ReturnType<typeof addPasskey>
  readonly listPasskeys: ReturnType<typeof listPasskeys>
  readonly renamePasskey: ReturnType<typeof renameOwnPasskey>
  readonly removePasskey: ReturnType<typeof removePasskey>
}

/** Passkeys of accounts: a capability of a service, with its operations. */
export interface Passkeys extends Capability {
  readonly operations: PasskeyOperations
}

/**
 * Returns passkeys for accounts (WebAuthn Level 3): users add passkeys to their accounts, and sign
 * in with them without an address and a password. List the result in `capabilities` of the service,
 * and its operations in `operations`. Needs the package `@simplewebauthn/server`.
 *
 * @param accounts the accounts of the application, as `accounts` returned them.
 * @throws HoldfastError `configuration-invalid` if an origin does not belong to the domain.
 *
 * @example
 * ```ts
 * const keys = passkeys(auth, {
 *   domain: 'example.com',
 *   name: 'Example',
 *   origins: ['https://app.example.com'],
 * })
 * service({
 *   name: 'shop',
 *   operations: { ...auth.operations, ...keys.operations },
 *   capabilities: [auth, keys],
 * })
 * ```
 */
export function passkeys(accounts: Accounts, { domain, name, origins }: PasskeyOptions): Passkeys {
  const issues = [
    ...(name.trim() === '' ? ['`name` of passkeys is empty'] : []),
    ...(origins.length === 0 ? ['`origins` of passkeys is empty, so no page could use them'] : []),
    ...origins.flatMap((origin) => findOriginIssue(origin, domain)),
  ]
  if (issues.length > 0) throw configurationInvalid(issues)
  const parts: PasskeyParts = { ...partsOf(accounts), domain, serviceName: name, origins }
  return {
    name: 'passkeys',
    definedAt: callSite(passkeys),
    operations: {
      getPasskeyRequest: getPasskeyRequest(parts),
      signInWithPasskey: signInWithPasskey(parts),
      getPasskeyCreation: getPasskeyCreation(parts),
      addPasskey: addPasskey(parts),
      listPasskeys: listPasskeys(parts),
      renamePasskey: renameOwnPasskey(parts),
      removePasskey: removePasskey(parts),
    },
  }
}

function findOriginIssue(origin: string, domain: string): readonly string[] {
  const url = URL.parse(origin)
  const text = JSON.stringify(origin)
  if (!url || url.origin !== origin)
    return [`the origin ${text} of passkeys must be like "https://app.example.com"`]
  if (url.hostname !== domain && !url.hostname.endsWith(`.${domain}`))
    return [`the origin ${text} of passkeys does not belong to the domain ${JSON.stringify(domain)}`]
  if (url.protocol !== 'https:' && url.hostname !== 'localhost')
    return [`the origin ${text} of passkeys must use https`]
  return []
}
