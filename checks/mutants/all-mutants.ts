import { accountMutants } from './accounts.ts'
import { apiKeyMutants } from './api-keys.ts'
import { claimMutants } from './claims.ts'
import { erasureMutants } from './erasure.ts'
import { idempotencyMutants } from './idempotency.ts'
import { jobMutants } from './jobs.ts'
import { kernelMutants } from './kernel.ts'
import { migrateMutants } from './migrate.ts'
import type { Mutant } from './mutant.ts'
import { mailMutants } from './mail.ts'
import { messageMutants } from './messages.ts'
import { postgresMutants } from './postgres.ts'
import { prepareMutants } from './prepare.ts'
import { responseMutants } from './responses.ts'
import { secretMutants } from './secrets.ts'
import { signInWithMutants } from './sign-in-with.ts'
import { tenantMutants } from './tenants.ts'
import { tokenMutants } from './tokens.ts'
import { trailMutants } from './trail.ts'
import { transactionMutants } from './transactions.ts'
import { unixSocketMutants } from './unix-socket.ts'
import { webhookMutants } from './webhooks.ts'
import { wireMutants } from './wire.ts'

/** The mutants of each area. */
export const mutantsByArea: Readonly<Record<string, readonly Mutant[]>> = {
  accounts: accountMutants,
  apiKeys: apiKeyMutants,
  erasure: erasureMutants,
  idempotency: [...idempotencyMutants, ...prepareMutants],
  jobs: [...claimMutants, ...jobMutants],
  kernel: kernelMutants,
  mail: mailMutants,
  migrate: migrateMutants,
  messages: messageMutants,
  postgres: postgresMutants,
  responses: responseMutants,
  secrets: secretMutants,
  signInWith: signInWithMutants,
  tenants: tenantMutants,
  tokens: tokenMutants,
  trail: trailMutants,
  transactions: transactionMutants,
  unixSocket: unixSocketMutants,
  webhooks: webhookMutants,
  wire: wireMutants,
}

/**
 * Returns the mutants whose area or name contains one of the words. Without words, returns all
 * mutants.
 */
export function findMutants(words: readonly string[]): readonly Mutant[] {
  return Object.entries(mutantsByArea).flatMap(([area, mutants]) =>
    mutants.filter(
      ({ name }) => words.length === 0 || words.some((word) => area === word || name.includes(word)),
    ),
  )
}
