import type { Transaction } from '../../kernel/background/effects.ts'
import { type HandlerResponse, respond } from '../../kernel/operation/respond.ts'
import { keepWrites, type ProblemWithWrites } from '../../kernel/problem/keep-writes.ts'
import { runStatement } from '../../storage/postgres/statement/statement-client.ts'
import { isSessionUser } from '../sessions/session-identifier.ts'
import type { Sessions } from '../sessions/sessions.ts'
import { createToken } from '../sessions/session-token.ts'
import type { AccountId } from './account-id.ts'
import { targetOf } from './account-trail.ts'
import { SecondFactorRequired } from './problems.ts'
import { insertPendingSignIn } from './queries/pending-sign-ins.ts'
import type { Visitor } from './visitor.ts'

/** A person who has proved that an account is theirs. */
export interface ProvenSignIn {
  readonly account: string
  readonly caller: Visitor
  /**
   * `one`: a password, or an account at a provider. `both`: two factors, such as a passkey whose
   * device has verified the person.
   */
  readonly factors: 'one' | 'both'
}

const pendingSeconds = 300

/**
 * Ends every sign-in: begins the session, or asks for the second factor if the account has one. The
 * tables decide, and not the options of the process, so that no process skips the second factor.
 */
export async function completeSignIn(
  sessions: Sessions,
  transaction: Transaction,
  { account, caller, factors }: ProvenSignIn,
): Promise<HandlerResponse<AccountId> | ProblemWithWrites> {
  if (factors === 'one') {
    const { token, tokenHash } = createToken()
    const pending = { account, tokenHash, ttlMs: pendingSeconds * 1_000 }
    const [waits] = await runStatement<object>(transaction, insertPendingSignIn(pending))
    if (waits) return keepWrites(SecondFactorRequired({ token, expiresInSeconds: pendingSeconds }))
  }
  const cookie = await sessions.begin(transaction, {
    ...caller.client,
    user: account,
    replaces: isSessionUser(caller) ? caller.session : undefined,
  })
  return respond({ account }, { cookies: [cookie], trail: targetOf(account) })
}
