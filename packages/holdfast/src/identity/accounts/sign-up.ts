import type { Mutation } from '../../kernel/operation/operation.ts'
import type { ProblemOf } from '../../kernel/problem/problem.ts'
import { keepWrites } from '../../kernel/problem/keep-writes.ts'
import { respond } from '../../kernel/operation/respond.ts'
import { uuidv7 } from '../../kernel/base/uuid-v7.ts'
import { runStatement } from '../../storage/postgres/statement/statement-client.ts'
import { PasswordUnacceptable } from '../passwords/problems.ts'
import { hashToken } from '../sessions/session-token.ts'
import type { AccountParts } from './account-parts.ts'
import { onlySuccess, targetOf } from './account-trail.ts'
import { email, emailKeyOf, password, textInput, token, type TextInput } from './fields.ts'
import { CredentialsInvalid, LinkInvalid, TooManyAttempts } from './problems.ts'
import { changeAccount, upsertAccount, type UpsertedRow } from './queries/accounts.ts'
import { findToken, takeToken, type TokenRow } from './queries/tokens.ts'
import { visitor } from './visitor.ts'

/** Returns the operation that creates an account. */
export function signUp<Read, Write, Values>({
  app,
  passwords,
  mails,
}: AccountParts<Read, Write, Values>): Mutation<
  TextInput<'email' | 'password'>,
  void,
  ProblemOf<typeof PasswordUnacceptable>
> {
  return app.mutation({
    route: 'POST /auth/sign-up',
    sealed: true,
    summary: 'Creates an account.',
    description:
      'A mail with a link verifies the address. The answer is the same if the address already has an account: then the mail says so.',
    access: visitor('a new user has no credentials yet', passwords),
    input: textInput({ email, password }),
    problems: [PasswordUnacceptable],
    status: 202,
    trail: true,
    // The password is hashed even if the address has an account, so that the time of the call does
    // not show it.
    prepare: ({ input, signal }) => passwords.hashNew(input.password, { signal }),
    async run({ input, prepared, transaction, jobs }) {
      const [row] = await runStatement<UpsertedRow>(
        transaction,
        upsertAccount({
          id: uuidv7(),
          service: transaction.service,
          email: input.email,
          email_key: emailKeyOf(input.email),
          password_hash: prepared,
        }),
      )
      await mails.enqueue(jobs, row!.is_verified ? 'notice' : 'verify', row!.id)
      return respond(undefined, { trail: targetOf(row!.id) })
    },
  })
}

/** Returns the operation that verifies the address of an account. */
export function verifyEmail<Read, Write, Values>({
  app,
  passwords,
  limit,
}: AccountParts<Read, Write, Values>): Mutation<
  TextInput<'token' | 'password'>,
  void,
  ProblemOf<typeof CredentialsInvalid | typeof LinkInvalid | typeof TooManyAttempts>
> {
  return app.mutation({
    route: 'POST /auth/verify-email',
    sealed: true,
    summary: 'Verifies the address of an account.',
    description:
      'Needs the token of the link in the mail, and the password. A person who signs up with the address of another cannot read the mail, and the other does not know the password.',
    access: visitor('the token of the link and the password are the credentials', passwords),
    input: textInput({ token, password }),
    problems: [CredentialsInvalid, LinkInvalid, TooManyAttempts],
    trail: onlySuccess,
    async prepare({ input, statements, caller, signal }) {
      const tokenHash = hashToken(input.token)
      const [row] = await runStatement<TokenRow>(
        statements,
        findToken(statements.service, 'verify', tokenHash),
      )
      if (!row) throw LinkInvalid()
      const attempt = { emailKey: row.email_key, address: caller.client.address }
      await limit.check(statements, attempt)
      const { matches, rehashed } = await passwords.verify(input.password, row.password_hash, { signal })
      return { row, tokenHash, attempt, matches, rehashed }
    },
    async run({ prepared: { row, tokenHash, attempt, matches, rehashed }, transaction }) {
      if (row.password_hash === null || !matches) {
        await limit.countFailure(transaction, attempt)
        return keepWrites(CredentialsInvalid())
      }
      const taken = await runStatement<object>(transaction, takeToken('verify', tokenHash))
      if (taken.length === 0) throw LinkInvalid()
      const change = {
        id: row.account_id,
        verifiedHash: row.password_hash,
        hash: rehashed ?? row.password_hash,
        verifiesEmail: true,
      }
      const changed = await runStatement<object>(transaction, changeAccount(change))
      if (changed.length === 0) throw CredentialsInvalid()
      return respond(undefined, { trail: targetOf(row.account_id) })
    },
  })
}
