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
