import type { Capability } from '../../kernel/background/background.ts'
import { callSite } from '../../kernel/base/call-site.ts'
import type { Application } from '../../kernel/service/holdfast.ts'
import { type PasswordOptions, Passwords } from '../passwords/passwords.ts'
import type { Sessions } from '../sessions/sessions.ts'
import { type AccountMailOptions, AccountMails } from './account-mails.ts'
import { type AccountParts, registerParts } from './account-parts.ts'
import { AttemptLimit, type AttemptLimits } from './attempt-limit.ts'
import { changePassword, requestReset, resetPassword } from './change-password.ts'
import { endOtherSessions, endSession, getAccount, listSessions } from './own-account.ts'
import { signIn, signOut, signOutEverywhere } from './sign-in.ts'
import { signUp, verifyEmail } from './sign-up.ts'

/** Options of {@link accounts}. */
export interface AccountOptions<Values> extends AccountMailOptions<Values> {
  /** The sessions of the application: the same object as in `identify`. */
  readonly sessions: Sessions
  /** The rules for passwords, and how they are hashed. Default: those of `PasswordOptions`. */
  readonly passwords?: PasswordOptions
  /** The limit of failed sign-ins. Default: 10 per account and 50 per client in 15 minutes. */
  readonly attempts?: AttemptLimits
}

/** The operations of accounts, by their names. */
export type AccountOperations = {
  readonly signUp: ReturnType<typeof signUp>
  readonly verifyEmail: ReturnType<typeof verifyEmail>
  readonly signIn: ReturnType<typeof signIn>
  readonly signOut: ReturnType<typeof signOut>
  readonly signOutEverywhere: ReturnType<typeof signOutEverywhere>
  readonly changePassword: ReturnType<typeof changePassword>
  readonly requestPasswordReset: ReturnType<typeof requestReset>
  readonly resetPassword: ReturnType<typeof resetPassword>
  readonly getAccount: ReturnType<typeof getAccount>
  readonly listSessions: ReturnType<typeof listSessions>
  readonly endSession: ReturnType<typeof endSession>
  readonly endOtherSessions: ReturnType<typeof endOtherSessions>
}

/** Accounts with passwords: a capability of a service, with its operations. */
export interface Accounts extends Capability {
  readonly operations: AccountOperations
}

/**
 * Returns accounts with passwords: the operations for sign-up, sign-in, sign-out and passwords, and
 * the job that sends their mails. List the result in `capabilities` of the service, and its
 * operations in `operations`.
 *
 * @throws HoldfastError `configuration-invalid` if an option is invalid.
 *
 * @example
 * ```ts
 * const session = sessions()
 * const app = holdfast({ database: postgres(), identify: session })
 * const auth = accounts(app, {
 *   sessions: session,
 *   mail: inbox(),
 *   pages: {
 *     verifyEmail: 'https://app.example.com/verify-email',
 *     resetPassword: 'https://app.example.com/reset-password',
 *   },
 * })
 * app.service({ name: 'shop', operations: auth.operations, capabilities: [auth] })
 * ```
 */
export function accounts<Read, Write, Values>(
  app: Application<Read, Write, Values>,
  options: AccountOptions<Values>,
): Accounts {
  const definedAt = callSite(accounts)
  const mails = new AccountMails(options, definedAt)
  const parts: AccountParts<Read, Write, Values> = {
    app,
    sessions: options.sessions,
    passwords: new Passwords(options.passwords),
    mails,
    limit: new AttemptLimit(options.attempts),
  }
  const operations = {
    signUp: signUp(parts),
    verifyEmail: verifyEmail(parts),
    signIn: signIn(parts),
    signOut: signOut(parts),
    signOutEverywhere: signOutEverywhere(parts),
    changePassword: changePassword(parts),
    requestPasswordReset: requestReset(parts),
    resetPassword: resetPassword(parts),
    getAccount: getAccount(parts),
    listSessions: listSessions(parts),
    endSession: endSession(parts),
    endOtherSessions: endOtherSessions(parts),
  }
  const capability: Accounts = {
    name: 'accounts',
    definedAt,
    jobs: [mails.job],
    open: (start) => mails.open(start),
    operations,
  }
  registerParts(capability, parts)
  return capability
}
