import type { Capability } from '../../kernel/background/background.ts'
import { configurationInvalid } from '../../kernel/base/configuration-invalid.ts'
import type { Application } from '../../kernel/service/holdfast.ts'
import type { Passwords } from '../passwords/passwords.ts'
import type { Sessions } from '../sessions/sessions.ts'
import type { AccountMails } from './account-mails.ts'
import type { AttemptLimit } from './attempt-limit.ts'

/** The parts that the operations of accounts share. */
export interface AccountParts<Read, Write, Values> {
  readonly app: Application<Read, Write, Values>
  readonly sessions: Sessions
  readonly passwords: Passwords
  readonly mails: AccountMails<Values>
  readonly limit: AttemptLimit
}

const partsOfAccounts = new WeakMap<Capability, AccountParts<unknown, unknown, unknown>>()

/** Makes the parts of accounts available to {@link partsOf}. */
export function registerParts<Read, Write, Values>(
  accounts: Capability,
  parts: AccountParts<Read, Write, Values>,
): void {
  partsOfAccounts.set(accounts, parts as unknown as AccountParts<unknown, unknown, unknown>)
}

/**
 * Returns the parts of accounts, for features that add operations to them, such as passkeys.
 *
 * @throws HoldfastError `configuration-invalid` if the object was not returned by `accounts`.
 */
export function partsOf(accounts: Capability): AccountParts<unknown, unknown, unknown> {
  const parts = partsOfAccounts.get(accounts)
  if (parts) return parts
  throw configurationInvalid(['pass the object that accounts(…) returned, and not a copy of it'])
}
