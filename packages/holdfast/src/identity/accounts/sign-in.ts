import type { Mutation } from '../../kernel/operation/operation.ts'
import type { ProblemOf } from '../../kernel/problem/problem.ts'
import { keepWrites } from '../../kernel/problem/keep-writes.ts'
import { respond } from '../../kernel/operation/respond.ts'
import { runStatement } from '../../storage/postgres/statement/statement-client.ts'
import { isSessionUser } from '../sessions/session-identifier.ts'
import { type AccountId, accountId } from './account-id.ts'
import type { AccountParts } from './account-parts.ts'
import { ofCaller, onlySuccess, targetOf } from './account-trail.ts'
import { completeSignIn } from './complete-sign-in.ts'
import { email, emailKeyOf, password, textInput, type TextInput } from './fields.ts'
import { CredentialsInvalid, EmailUnverified, SecondFactorRequired, TooManyAttempts } from './problems.ts'
import { type AccountRow, changeAccount, findByEmail } from './queries/accounts.ts'
import { sessionVisitor, visitor } from './visitor.ts'

type SignInProblem = ProblemOf<
  typeof CredentialsInvalid | typeof EmailUnverified | typeof SecondFactorRequired | typeof TooManyAttempts
>

/** Returns the operation that begins a session. */
export function signIn<Read, Write, Values>(
  parts: AccountParts<Read, Write, Values>,
): Mutation<TextInput<'email' | 'password'>, AccountId, SignInProblem> {
  const { app, passwords, limit, sessions, mails } = parts
  return app.mutation({
    route: 'POST /auth/sign-in',
    sealed: true,
    summary: 'Begins a session.',
    description: 'Sets the cookie of a new session, and ends the session that the browser had.',
    access: visitor('the address and the password are the credentials', passwords),
    input: textInput({ email, password }),
    output: accountId,
    problems: [CredentialsInvalid, EmailUnverified, SecondFactorRequired, TooManyAttempts],
    cookies: [sessions.cookie],
    trail: onlySuccess,
    async prepare({ input, statements, caller, signal }) {
      const attempt = { emailKey: emailKeyOf(input.email), address: caller.client.address }
      await limit.check(statements, attempt)
      const [row] = await runStatement<AccountRow>(
        statements,
        findByEmail(statements.service, attempt.emailKey),
      )
      const verification = await passwords.verify(input.password, row?.password_hash, { signal })
      return { row, attempt, ...verification }
    },
    async run({ prepared: { row, attempt, matches, rehashed }, caller, transaction, jobs }) {
      if (!row || row.password_hash === null || !matches) {
        await limit.countFailure(transaction, attempt)
        return keepWrites(CredentialsInvalid())
      }
      // Other attempts may have failed since `prepare`.
      await limit.check(transaction, attempt)
      const change = {
        id: row.id,
        verifiedHash: row.password_hash,
        hash: rehashed ?? row.password_hash,
        verifiesEmail: false,
      }
      const [account] = await runStatement<AccountRow>(transaction, changeAccount(change))
      if (!account) throw CredentialsInvalid()
      if (account.verified_at === null) {
        await mails.enqueue(jobs, 'verify', account.id)
        return keepWrites(EmailUnverified())
      }
      await limit.forget(transaction, attempt)
      return completeSignIn(sessions, transaction, { account: account.id, caller, factors: 'one' })
    },
  })
}

/** Returns the operation that ends the session of the browser. */
export function signOut<Read, Write, Values>({
  app,
  sessions,
}: AccountParts<Read, Write, Values>): Mutation<Record<string, never>, void, never> {
  return app.mutation({
    route: 'POST /auth/sign-out',
    summary: 'Ends the session.',
    access: visitor('a session that has ended is signed out, too'),
    idempotency: { optional: 'a second sign-out changes nothing' },
    cookies: [sessions.cookie],
    trail: true,
    async run({ caller, transaction }) {
      const cookies = [sessions.cookie.clear()]
      if (!isSessionUser(caller)) return respond(undefined, { cookies, trail: false })
      await sessions.end(transaction, { user: caller.id, id: caller.session })
      return respond(undefined, { cookies, trail: targetOf(caller.id) })
    },
  })
}

/** Returns the operation that ends all sessions of the user. */
export function signOutEverywhere<Read, Write, Values>({
  app,
  sessions,
}: AccountParts<Read, Write, Values>): Mutation<Record<string, never>, void, never> {
  return app.mutation({
    route: 'POST /auth/sign-out-everywhere',
    summary: 'Ends all sessions of the user.',
    access: sessionVisitor(),
    idempotency: { optional: 'a second sign-out changes nothing' },
    cookies: [sessions.cookie],
    trail: ofCaller,
    async run({ caller, transaction }) {
      await sessions.endAll(transaction, { user: caller.id })
      return respond(undefined, { cookies: [sessions.cookie.clear()] })
    },
  })
}
