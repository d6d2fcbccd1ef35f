import type { Mutation } from '../../kernel/operation/operation.ts'
import { keepWrites } from '../../kernel/problem/keep-writes.ts'
import type { ProblemOf } from '../../kernel/problem/problem.ts'
import { runStatement } from '../../storage/postgres/statement/statement-client.ts'
import { type AccountId, accountId } from '../accounts/account-id.ts'
import type { AccountParts } from '../accounts/account-parts.ts'
import { onlySuccess } from '../accounts/account-trail.ts'
import { completeSignIn } from '../accounts/complete-sign-in.ts'
import { code, textInput, type TextInput, token } from '../accounts/fields.ts'
import { TooManyAttempts } from '../accounts/problems.ts'
import {
  countPendingAttempt,
  deletePendingSignIn,
  findPendingSignIn,
  type PendingRow,
} from '../accounts/queries/pending-sign-ins.ts'
import { visitor } from '../accounts/visitor.ts'
import { hashToken } from '../sessions/session-token.ts'
import { attemptOf } from './attempt-of.ts'
import { SecondFactorInvalid, SignInExpired } from './problems.ts'
import { verifyCode } from './verify-code.ts'

type SignInProblem = ProblemOf<typeof SecondFactorInvalid | typeof SignInExpired | typeof TooManyAttempts>

/** Max number of codes for one sign-in. */
const maxAttempts = 5

/** Returns the operation that completes a sign-in with the second factor. */
export function signInWithSecondFactor(
  parts: AccountParts<unknown, unknown, unknown>,
): Mutation<TextInput<'token' | 'code'>, AccountId, SignInProblem> {
  const { app, sessions, limit, mails } = parts
  return app.mutation({
    route: 'POST /auth/sign-in/second-factor',
    trail: onlySuccess,
    sealed: true,
    summary: 'Completes a sign-in with the second factor.',
    description:
      'Needs the `token` of the problem `second-factor-required`, and a code of the authenticator app or a recovery code. Sets the cookie of a new session.',
    access: visitor('the token of the first factor and the code are the credentials'),
    input: textInput({ token, code }),
    output: accountId,
    problems: [SecondFactorInvalid, SignInExpired, TooManyAttempts],
    cookies: [sessions.cookie],
    async prepare({ input, statements, caller, clock }) {
      const tokenHash = hashToken(input.token)
      const [row] = await runStatement<PendingRow>(
        statements,
        findPendingSignIn(statements.service, tokenHash, maxAttempts),
      )
      if (!row) throw SignInExpired()
      const attempt = attemptOf(row.account_id, caller.client.address)
      await limit.check(statements, attempt)
      return { tokenHash, attempt, nowMs: clock.now() }
    },
    async run({ input, prepared: { tokenHash, attempt, nowMs }, caller, transaction, jobs }) {
      const [pending] = await runStatement<PendingRow>(
        transaction,
        countPendingAttempt(tokenHash, maxAttempts),
      )
      if (!pending) throw SignInExpired()
      const account = pending.account_id
      // Other attempts may have failed since `prepare`.
      await limit.check(transaction, attempt)
      const given = { account, code: input.code, nowMs, acceptsRecovery: true }
      const result = await verifyCode(transaction, given, 'confirmed')
      if (result === 'none') throw SignInExpired()
      if (result === 'wrong') {
        await limit.countFailure(transaction, attempt)
        return keepWrites(SecondFactorInvalid())
      }
      await limit.forget(transaction, attempt)
      await runStatement(transaction, deletePendingSignIn(tokenHash))
      if (result === 'recovery') await mails.enqueueChange(jobs, 'recovery-code-used', account)
      return completeSignIn(sessions, transaction, { account, caller, factors: 'both' })
    },
  })
}
