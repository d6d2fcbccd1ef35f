import { randomBytes } from 'node:crypto'
import type { Mutation } from '../../kernel/operation/operation.ts'
import { keepWrites } from '../../kernel/problem/keep-writes.ts'
import type { ProblemOf } from '../../kernel/problem/problem.ts'
import { Unauthenticated } from '../../kernel/problem/problems.ts'
import { described } from '../../kernel/schema/schema.ts'
import { runStatement } from '../../storage/postgres/statement/statement-client.ts'
import type { AccountParts } from '../accounts/account-parts.ts'
import { ofCaller } from '../accounts/account-trail.ts'
import { code, textInput, type TextInput } from '../accounts/fields.ts'
import { TooManyAttempts } from '../accounts/problems.ts'
import { type AccountRow, findById } from '../accounts/queries/accounts.ts'
import { attemptOf } from './attempt-of.ts'
import { secretBytes, toBase32 } from './one-time-code.ts'
import { SecondFactorExists, SecondFactorInvalid, SecondFactorMissing } from './problems.ts'
import { deleteAuthenticator, insertAuthenticator } from './queries/authenticators.ts'
import { secretSealing, verifyCode } from './verify-code.ts'
import { recentSession } from '../accounts/recent-session.ts'
import { type RecoveryCodes, recoveryCodes, renewRecoveryCodes } from './own-second-factor.ts'

type Parts = AccountParts<unknown, unknown, unknown>
type Nothing = Record<string, never>

/** A new secret for an authenticator app. */
export interface NewAuthenticator {
  /** The secret in base32, for typing it into the app. */
  readonly secret: string
  /** The URI of the QR code that the app scans. */
  readonly uri: string
}

/** Returns the operation that creates a secret for an authenticator app. */
export function addAuthenticator(
  { app }: Parts,
  issuer: string,
): Mutation<Nothing, NewAuthenticator, ProblemOf<typeof SecondFactorExists>> {
  return app.mutation({
    route: 'POST /auth/second-factor/app',
    trail: ofCaller,
    sealed: true,
    summary: 'Creates a secret for an authenticator app.',
    description: 'Show `uri` as a QR code. The app is used only after its first code was entered.',
    access: recentSession(),
    output: described<NewAuthenticator>({
      type: 'object',
      properties: { secret: { type: 'string' }, uri: { type: 'string' } },
      required: ['secret', 'uri'],
    }),
    problems: [SecondFactorExists],
    async run({ caller, transaction }) {
      const [account] = await runStatement<AccountRow>(transaction, findById(transaction.service, caller.id))
      if (!account) throw Unauthenticated({ detail: 'The account no longer exists.' })
      const bytes = randomBytes(secretBytes)
      const sealed = transaction.sealer.seal(bytes, secretSealing(transaction.service, account.id))
      const [inserted] = await runStatement<object>(transaction, insertAuthenticator(account.id, sealed))
      if (!inserted) throw SecondFactorExists()
      const secret = toBase32(bytes)
      return { secret, uri: toUri({ issuer, account: account.email, secret }) }
    },
  })
}

/** Returns the `otpauth` URI of a secret, which authenticator apps read from a QR code. */
function toUri({
  issuer,
  account,
  secret,
}: Readonly<Record<'issuer' | 'account' | 'secret', string>>): string {
  const label = `${encodeURIComponent(issuer)}:${encodeURIComponent(account)}`
  return `otpauth://totp/${label}?secret=${secret}&issuer=${encodeURIComponent(issuer)}`
}

/** Returns the operation that activates an authenticator app with its first code. */
export function confirmAuthenticator(
  parts: Parts,
): Mutation<
  TextInput<'code'>,
  RecoveryCodes,
  ProblemOf<typeof SecondFactorInvalid | typeof SecondFactorMissing | typeof TooManyAttempts>
> {
  const { app, sessions, mails, limit } = parts
  return app.mutation({
    route: 'POST /auth/second-factor/app/confirm',
    trail: ofCaller,
    sealed: true,
    summary: 'Activates the authenticator app with its first code.',
    description: 'Returns the recovery codes, once. Ends the other sessions of the user.',
    access: recentSession(),
    input: textInput({ code }),
    output: recoveryCodes,
    problems: [SecondFactorInvalid, SecondFactorMissing, TooManyAttempts],
    prepare: ({ clock }) => ({ nowMs: clock.now() }),
    async run({ caller, input, prepared: { nowMs }, transaction, jobs }) {
      const attempt = attemptOf(caller.id, caller.client.address)
      await limit.check(transaction, attempt)
      const result = await verifyCode(transaction, { account: caller.id, code: input.code, nowMs }, 'new')
      if (result === 'none') throw SecondFactorMissing()
      if (result === 'wrong') {
        await limit.countFailure(transaction, attempt)
        return keepWrites(SecondFactorInvalid())
      }
      await sessions.endAll(transaction, { user: caller.id, except: caller.session })
      await mails.enqueueChange(jobs, 'second-factor-added', caller.id)
      return { recoveryCodes: await renewRecoveryCodes(transaction, caller.id) }
    },
  })
}

/** Returns the operation that removes the authenticator app. */
export function removeAuthenticator({
  app,
  sessions,
  mails,
  limit,
}: Parts): Mutation<
  TextInput<'code'>,
  void,
  ProblemOf<typeof SecondFactorInvalid | typeof SecondFactorMissing | typeof TooManyAttempts>
> {
  return app.mutation({
    route: 'POST /auth/second-factor/app/remove',
    trail: ofCaller,
    sealed: true,
    summary: 'Removes the authenticator app and the recovery codes.',
    description: 'Needs a code of the app, or a recovery code. Ends the other sessions of the user.',
    access: recentSession(),
    input: textInput({ code }),
    problems: [SecondFactorInvalid, SecondFactorMissing, TooManyAttempts],
    prepare: ({ clock }) => ({ nowMs: clock.now() }),
    async run({ caller, input, prepared: { nowMs }, transaction, jobs }) {
      const attempt = attemptOf(caller.id, caller.client.address)
      await limit.check(transaction, attempt)
      const given = { account: caller.id, code: input.code, nowMs, acceptsRecovery: true }
      const result = await verifyCode(transaction, given, 'confirmed')
      if (result === 'none') throw SecondFactorMissing()
      if (result === 'wrong') {
        await limit.countFailure(transaction, attempt)
        return keepWrites(SecondFactorInvalid())
      }
      await runStatement(transaction, deleteAuthenticator(caller.id))
      await sessions.endAll(transaction, { user: caller.id, except: caller.session })
      await mails.enqueueChange(jobs, 'second-factor-removed', caller.id)
    },
  })
}
