import type { Answer } from '../../kernel/operation/answer.ts'
import type { Call, Next } from '../../kernel/call/call.ts'
import type { Prepare } from '../../kernel/call/prepare.ts'
import { toPostgresFailure } from '../../storage/postgres/errors/to-postgres-failure.ts'
import { withConnection } from '../../storage/postgres/pool/with-connection.ts'
import type { KeyClaim } from './key-claim.ts'
import { lookUpKey } from './look-up-key.ts'
import type { MutationParts } from './mutation-parts.ts'
import { IdempotencyKeyInFlight } from './problems.ts'
import { isFinal } from '../../kernel/problem/is-final.ts'
import { replay } from './stored-answer.ts'

/** The outcome of a preparation: the key's stored answer, or how the transaction continues. */
export type Preparation = { readonly answer: Answer } | { readonly next: Next }

/** The parameters of {@link prepareCall} that belong to one call. */
export interface PreparationParts {
  readonly prepare: Prepare
  /** The key of the call; `undefined` if the call has no key. */
  readonly claim: KeyClaim | undefined
  readonly next: Next
}

/**
 * Looks up the key of a call, and prepares the call if no answer is stored. A connection is held
 * only for the look-up. The transaction claims the key afterwards, so that of several prepared
 * duplicates only one takes effect.
 *
 * If `prepare` throws a final problem, the transaction stores this problem instead of the handler's
 * result, so a later duplicate gets the same problem and has no effect either.
 */
export async function prepareCall(
  call: Call,
  parts: MutationParts,
  { prepare, claim, next }: PreparationParts,
): Promise<Preparation> {
  const { running } = parts
  if (claim) running.set(claim.lockId, claim)
  try {
    const answer = claim && (await findAnswer(claim, call, parts))
    if (answer) return { answer }
    const thrown = await prepare(call)
    if (!thrown) return { next }
    const { problem, isPassing } = thrown
    if (!claim || isPassing || !isFinal(problem)) throw problem
    return { next: () => Promise.reject(problem) }
  } finally {
    if (claim) running.delete(claim.lockId)
  }
}

async function findAnswer(
  claim: KeyClaim,
  call: Call,
  { pool, ring, seal }: MutationParts,
): Promise<Answer | undefined> {
  const leaves = ring.locate(claim.madeAtMs).read
  const found = await withConnection(pool, call, (connection) =>
    lookUpKey(claim, { connection, work: call, leaves }),
  ).catch((error: unknown) => {
    throw toPostgresFailure(error, call.operation, call.deadline)
  })
  if (found.stored) return replay(found.stored, claim, seal)
  if (found.isRunning) throw IdempotencyKeyInFlight()
  return undefined
}
