import type { Transaction } from '../../kernel/background/effects.ts'
import type { Mutation, Query } from '../../kernel/operation/operation.ts'
import type { ProblemOf } from '../../kernel/problem/problem.ts'
import { described, type Schema } from '../../kernel/schema/schema.ts'
import { runStatement } from '../../storage/postgres/statement/statement-client.ts'
import type { AccountParts } from '../accounts/account-parts.ts'
import { ofCaller } from '../accounts/account-trail.ts'
import { sessionVisitor } from '../accounts/visitor.ts'
import { SecondFactorMissing } from './problems.ts'
import { readSecondFactor, replaceRecoveryCodes, type SecondFactorRow } from './queries/authenticators.ts'
import {
  createRecoveryCode,
  hashRecoveryCode,
  normalizeRecoveryCode,
  recoveryCodeCount,
} from './recovery-codes.ts'
import { recentSession } from '../accounts/recent-session.ts'

type Parts = AccountParts<unknown, unknown, unknown>
type Nothing = Record<string, never>

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

/** The recovery codes of the user. They are shown once. */
export interface RecoveryCodes {
  readonly recoveryCodes: readonly string[]
}

/** The schema of {@link RecoveryCodes}. */
export const recoveryCodes: Schema<RecoveryCodes, RecoveryCodes> = described<RecoveryCodes>({
  type: 'object',
  properties: { recoveryCodes: { type: 'array', maxItems: recoveryCodeCount, items: { type: 'string' } } },
  required: ['recoveryCodes'],
})

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

/** Replaces the recovery codes of an account, and returns the new ones. */
export async function renewRecoveryCodes(
  transaction: Transaction,
  account: string,
): Promise<readonly string[]> {
  const codes = Array.from({ length: recoveryCodeCount }, createRecoveryCode)
  const hashes = codes.map((each) => hashRecoveryCode(account, normalizeRecoveryCode(each)!))
  await runStatement(transaction, replaceRecoveryCodes(account, hashes))
  return codes
}
