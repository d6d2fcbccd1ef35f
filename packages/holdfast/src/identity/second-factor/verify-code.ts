import type { Transaction } from '../../kernel/background/effects.ts'
import type { Sealing } from '../../kernel/host/sealer.ts'
import { runStatement } from '../../storage/postgres/statement/statement-client.ts'
import { findStep } from './one-time-code.ts'
import {
  acceptStep,
  type AuthenticatorRow,
  lockAuthenticator,
  takeRecoveryCode,
} from './queries/authenticators.ts'
import { hashRecoveryCode, normalizeRecoveryCode } from './recovery-codes.ts'

/** A code that the owner of an account has entered. */
export interface GivenCode {
  readonly account: string
  /** The code of the app, or a recovery code if `acceptsRecovery` is true. */
  readonly code: string
  readonly nowMs: number
  readonly acceptsRecovery?: boolean
}

/** The result of {@link verifyCode}. `none`: the account has no authenticator in this state. */
export type CodeResult = 'app' | 'recovery' | 'wrong' | 'none'

/**
 * Verifies a code and uses it up, in the transaction: the row of the authenticator is locked, so
 * that of two concurrent uses of a code only one is accepted. The secret is sealed again, so that
 * it moves to the newest secret key.
 */
export async function verifyCode(
  transaction: Transaction,
  { account, code, nowMs, acceptsRecovery = false }: GivenCode,
  state: 'confirmed' | 'new',
): Promise<CodeResult> {
  const [row] = await runStatement<AuthenticatorRow>(transaction, lockAuthenticator(account))
  if (row?.is_confirmed !== (state === 'confirmed')) return 'none'
  const sealing = secretSealing(transaction.service, account)
  const secret = transaction.sealer.open(row.sealed_secret, sealing)
  const given = code.replaceAll(/\s/g, '')
  const step = findStep(secret, { code: given, nowMs, lastStep: Number(row.last_step) })
  if (step !== undefined) {
    await runStatement(transaction, acceptStep(account, step, transaction.sealer.seal(secret, sealing)))
    return 'app'
  }
  const recovery = acceptsRecovery ? normalizeRecoveryCode(code) : undefined
  if (recovery === undefined) return 'wrong'
  const taken = await runStatement<object>(
    transaction,
    takeRecoveryCode(account, hashRecoveryCode(account, recovery)),
  )
  return taken.length > 0 ? 'recovery' : 'wrong'
}

/** Returns the seal of a secret. It opens only in the row of its account. */
export function secretSealing(service: string, account: string): Sealing {
  return { purpose: 'authenticator-secret', context: [service, account] }
}
