import type { Jobs, Transaction } from '../../kernel/background/effects.ts'
import { type HandlerResponse, respond } from '../../kernel/operation/respond.ts'
import { targetOf } from '../accounts/account-trail.ts'
import { isSessionUser } from '../sessions/session-identifier.ts'
import { browserCookie, type BrowserVisitor } from './browser.ts'
import type { CompletedSignIn } from './completed-sign-in.ts'
import { link } from './find-or-create-account.ts'
import { IdentityLinked, SignInNotBegun } from './problems.ts'
import type { ProviderIdentity } from './provider-identity.ts'
import type { BegunRow } from './queries/begun-sign-ins.ts'
import type { SignInParts } from './sign-in-parts.ts'

/** The parts of a completed linking. */
export interface Linking {
  readonly begun: BegunRow
  readonly identity: ProviderIdentity
  readonly caller: BrowserVisitor
  readonly jobs: Jobs
}

/** Links an identity to the account of the session that has begun the linking. */
export async function completeLink<Read, Write, Values>(
  { providerMails }: SignInParts<Read, Write, Values>,
  transaction: Transaction,
  { begun, identity, caller, jobs }: Linking,
): Promise<HandlerResponse<CompletedSignIn>> {
  const isSameSession =
    isSessionUser(caller) && caller.session === begun.link_session && caller.id === begun.link_account
  if (!isSameSession) throw SignInNotBegun()
  if ((await link(transaction, caller.id, identity)) !== caller.id) throw IdentityLinked()
  await providerMails.enqueue(jobs, { kind: 'linked', id: caller.id, provider: identity.provider })
  return respond(
    { purpose: 'link', account: caller.id, returnTo: begun.return_to },
    { cookies: [browserCookie.clear()], trail: targetOf(caller.id) },
  )
}
