import type { Call } from '../../kernel/call/call.ts'
import { ProblemError } from '../../kernel/problem/problem.ts'
import type { AnswerRefused } from '../../kernel/call/stages/validate-input.ts'
import { toPostgresFailure } from '../../storage/postgres/errors/to-postgres-failure.ts'
import { withConnection } from '../../storage/postgres/pool/with-connection.ts'
import { type KeyClaim, readKeyClaim } from './key-claim.ts'
import { lookUpKey } from './look-up-key.ts'
import type { MutationParts } from './mutation-parts.ts'
import { IdempotencyKeyInFlight } from './problems.ts'
import { mayBeOf, replay } from './stored-answer.ts'

/**
 * Returns a function that answers a mutation whose input is invalid. A retry of a committed request
 * gets the stored answer, even if a deploy has tightened the schema since. Only a call with invalid
 * input costs this look-up, because validation runs in memory, before the database is used.
 */
export function replayRefused(
  parts: Pick<MutationParts, 'pool' | 'ring' | 'service' | 'retentionMs' | 'seal'>,
): AnswerRefused {
  const { pool, ring, seal } = parts
  return async (call, refusal) => {
    const claim = keyOf(call, parts)
    if (!claim || !(refusal instanceof ProblemError)) throw refusal
    const found = await withConnection(pool, call, (connection) =>
      lookUpKey(claim, { connection, work: call, leaves: ring.locate(claim.madeAtMs).read }),
    ).catch((error: unknown) => {
      throw toPostgresFailure(error, call.operation, call.deadline)
    })
    if (found.isRunning) throw IdempotencyKeyInFlight()
    // A different request is not a retry, so report the errors in its input.
    if (!found.stored || !mayBeOf(found.stored, claim, seal)) throw refusal
    return replay(found.stored, claim, seal)
  }
}

/** Returns the key of a call; `undefined` if the call has no key or an invalid key. */
function keyOf(
  call: Call,
  { ring, service, retentionMs }: Pick<MutationParts, 'ring' | 'service' | 'retentionMs'>,
): KeyClaim | undefined {
  try {
    return readKeyClaim(call, { service, retentionMs, nowMs: ring.nowMs() })
  } catch {
    // A problem of the input takes precedence over a problem of the key.
    return undefined
  }
}
