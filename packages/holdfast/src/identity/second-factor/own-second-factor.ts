import { randomBytes } from 'node:crypto'
import type { Transaction } from '../../kernel/background/effects.ts'
import { allOf } from '../../kernel/operation/access/combine.ts'
import { recentlySignedIn } from '../../kernel/operation/access/caller-rules.ts'
import type { Mutation, Query } from '../../kernel/operation/operation.ts'
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
import { sessionVisitor } from '../accounts/visitor.ts'
import { attemptOf } from './attempt-of.ts'
import { secretBytes, toBase32 } from './one-time-code.ts'
import { SecondFactorExists, SecondFactorInvalid, SecondFactorMissing } from './problems.ts'
import {
  deleteAuthenticator,
  insertAuthenticator,
  readSecondFactor,
  replaceRecoveryCodes,
  type SecondFactorRow,
} from './queries/authenticators.ts'
import {
  createRecoveryCode,
  hashRecoveryCode,
  normalizeRecoveryCode,
  recoveryCodeCount,
} from './recovery-codes.ts'
import { secretSealing, verifyCode } from './verify-code.ts'

type Parts = AccountParts<unknown, unknown, unknown>
type Nothing = Record<string, never>

// A change of the second factor needs a recent sign-in, so that a stolen session is not enough.
const recentSession = () => allOf(recentlySignedIn('10m'), sessionVisitor())

/** The state of the second factor of the user. */
export interface OwnSecondFactor {
  /** True if sign-ins need a code. */
  readonly isActive: boolean
  /** Number of unused recovery codes. */
  readonly recoveryCodesLeft: number
}

/** Returns the operation that returns the state of the second factor. */
export function getSecondFactor({ app }: Parts): Query<Nothing, OwnSecondFactor, never> {
  return app.query({
    route: 'GET /auth/second-factor',
    summary: 'Returns the state of the second factor of the user.',
    access: sessionVisitor(),
    output: described<OwnSecondFactor>({
      type: 'object',
      properties: { isActive: { type: 'boolean' }, recoveryCodesLeft: { type: 'integer' } },
      required: ['isActive', 'recoveryCodesLeft'],
    }),
    async run({ caller, statements }) {
      const [row] = await runStatement<SecondFactorRow>(statements, readSecondFactor(caller.id))
      return { isActive: row?.is_confirmed ?? false, recoveryCodesLeft: row?.codes ?? 0 }
    },
  })
}

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

/** The recovery codes of the user. They are shown once. */
export interface RecoveryCodes {
  readonly recoveryCodes: readonly string[]
}

const recoveryCodes = described<RecoveryCodes>({
  type: 'object',
  properties: { recoveryCodes: { type: 'array', maxItems: recoveryCodeCount, items: { type: 'string' } } },
  required: ['recoveryCodes'],
})

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

/** Returns the operation that replaces the recovery codes. */
export function createRecoveryCodes({
  app,
  mails,
}: Parts): Mutation<Nothing, RecoveryCodes, ProblemOf<typeof SecondFactorMissing>> {
  return app.mutation({
    route: 'POST /auth/second-factor/recovery-codes',
    trail: ofCaller,
    sealed: true,
    summary: 'Replaces the recovery codes, and returns the new ones, once.',
    access: recentSession(),
    output: recoveryCodes,
    problems: [SecondFactorMissing],
    async run({ caller, transaction, jobs }) {
      const [row] = await runStatement<SecondFactorRow>(transaction, readSecondFactor(caller.id))
      if (!row?.is_confirmed) throw SecondFactorMissing()
      await mails.enqueueChange(jobs, 'recovery-codes-replaced', caller.id)
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

async function renewRecoveryCodes(transaction: Transaction, account: string): Promise<readonly string[]> {
  const codes = Array.from({ length: recoveryCodeCount }, createRecoveryCode)
  const hashes = codes.map((each) => hashRecoveryCode(account, normalizeRecoveryCode(each)!))
  await runStatement(transaction, replaceRecoveryCodes(account, hashes))
  return codes
}
