import type { Mutation } from '../../kernel/operation/operation.ts'
import type { ProblemOf } from '../../kernel/problem/problem.ts'
import { keepWrites } from '../../kernel/problem/keep-writes.ts'
import { respond } from '../../kernel/operation/respond.ts'
import { runStatement } from '../../storage/postgres/statement/statement-client.ts'
import { PasswordUnacceptable } from '../passwords/problems.ts'
import { hashToken } from '../sessions/session-token.ts'
import type { AccountParts } from './account-parts.ts'
import { ofCaller, targetOf } from './account-trail.ts'
import { email, emailKeyOf, password, textInput, token, type TextInput } from './fields.ts'
import { CredentialsInvalid, LinkInvalid, TooManyAttempts } from './problems.ts'
import { type AccountRow, changeAccount, findByEmail, findById, resetAccount } from './queries/accounts.ts'
import { expireTokens, findToken, takeToken, type TokenRow } from './queries/tokens.ts'
import { sessionVisitor, visitor } from './visitor.ts'

/** Returns the operation that changes the password of the user. */
export function changePassword<Read, Write, Values>(
  parts: AccountParts<Read, Write, Values>,
): Mutation<
  TextInput<'currentPassword' | 'newPassword'>,
  void,
  ProblemOf<typeof CredentialsInvalid | typeof PasswordUnacceptable | typeof TooManyAttempts>
> {
  const { app, passwords, limit, sessions } = parts
  return app.mutation({
    route: 'POST /auth/change-password',
    sealed: true,
    summary: 'Changes the password.',
    description: 'Ends the other sessions of the user, and replaces the session of the browser.',
    access: sessionVisitor(),
    input: textInput({ currentPassword: password, newPassword: password }),
    problems: [CredentialsInvalid, PasswordUnacceptable, TooManyAttempts],
    cookies: [sessions.cookie],
    trail: ofCaller,
    async prepare({ input, statements, caller, signal }) {
      const [row] = await runStatement<AccountRow>(statements, findById(statements.service, caller.id))
      if (!row) throw CredentialsInvalid()
      const attempt = { emailKey: row.email_key, address: caller.client.address }
      await limit.check(statements, attempt)
      const { matches } = await passwords.verify(input.currentPassword, row.password_hash, { signal })
      const hash = matches ? await passwords.hashNew(input.newPassword, { signal }) : ''
      return { row, attempt, matches, hash }
    },
    async run({ prepared: { row, attempt, matches, hash }, caller, transaction }) {
      if (row.password_hash === null || !matches) {
        await limit.countFailure(transaction, attempt)
        return keepWrites(CredentialsInvalid())
      }
      const change = { id: row.id, verifiedHash: row.password_hash, hash, verifiesEmail: false }
      const changed = await runStatement<object>(transaction, changeAccount(change))
      if (changed.length === 0) throw CredentialsInvalid()
      await runStatement(transaction, expireTokens(row.id))
      await sessions.endAll(transaction, { user: row.id })
      const cookie = await sessions.begin(transaction, {
        ...caller.client,
        user: row.id,
        tenant: caller.tenant,
      })
      return respond(undefined, { cookies: [cookie] })
    },
  })
}

/** Returns the operation that mails a link to set a new password. */
export function requestReset<Read, Write, Values>({
  app,
  mails,
}: AccountParts<Read, Write, Values>): Mutation<TextInput<'email'>, void, never> {
  return app.mutation({
    route: 'POST /auth/reset-password',
    summary: 'Mails a link to set a new password.',
    description: 'The answer is the same if no account has the address: then no mail is sent.',
    access: visitor('a user who forgot the password has no credentials'),
    input: textInput({ email }),
    status: 202,
    async run({ input, transaction, jobs }) {
      const [row] = await runStatement<AccountRow>(
        transaction,
        findByEmail(transaction.service, emailKeyOf(input.email)),
      )
      await mails.enqueue(jobs, 'reset', row?.id)
    },
  })
}

/** Returns the operation that sets a new password with the token of a link. */
export function resetPassword<Read, Write, Values>(
  parts: AccountParts<Read, Write, Values>,
): Mutation<
  TextInput<'token' | 'password'>,
  void,
  ProblemOf<typeof LinkInvalid | typeof PasswordUnacceptable>
> {
  const { app, passwords, sessions } = parts
  return app.mutation({
    route: 'POST /auth/reset-password/confirm',
    sealed: true,
    summary: 'Sets a new password.',
    description: 'Needs the token of the link in the mail. Ends all sessions of the user.',
    access: visitor('the token of the link is the credential', passwords),
    input: textInput({ token, password }),
    problems: [LinkInvalid, PasswordUnacceptable],
    trail: true,
    async prepare({ input, statements, signal }) {
      const tokenHash = hashToken(input.token)
      const [row] = await runStatement<TokenRow>(
        statements,
        findToken(statements.service, 'reset', tokenHash),
      )
      if (!row) throw LinkInvalid()
      return { tokenHash, hash: await passwords.hashNew(input.password, { signal }) }
    },
    async run({ prepared: { tokenHash, hash }, transaction }) {
      const [taken] = await runStatement<Pick<TokenRow, 'account_id'>>(
        transaction,
        takeToken('reset', tokenHash),
      )
      if (!taken) throw LinkInvalid()
      await runStatement(transaction, resetAccount(taken.account_id, hash))
      await runStatement(transaction, expireTokens(taken.account_id))
      await sessions.endAll(transaction, { user: taken.account_id })
      return respond(undefined, { trail: targetOf(taken.account_id) })
    },
  })
}
