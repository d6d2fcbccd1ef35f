import type { Answer } from '../../kernel/operation/answer.ts'
import type { Call, Next, Stage } from '../../kernel/call/call.ts'
import type { CompiledOperation } from '../../kernel/operation/compile.ts'
import { fullJitterMs } from '../../kernel/base/backoff.ts'
import { toLogFields } from '../../kernel/base/log.ts'
import { pause } from '../../kernel/base/wait.ts'
import { ProblemError } from '../../kernel/problem/problem.ts'
import type { Work } from '../../kernel/host/work.ts'
import { HandlerGuard } from '../../storage/statement-guard/handler-guard.ts'
import { isRetryable, sqlStateOf } from '../../storage/postgres/errors/sql-state.ts'
import { toPostgresFailure } from '../../storage/postgres/errors/to-postgres-failure.ts'
import { type KeyClaim, readKeyClaim } from './key-claim.ts'
import { MutationAttempt } from './mutation-attempt.ts'
import type { MutationParts } from './mutation-parts.ts'
import { receivedInput, renewInput } from './received-input.ts'
import { reloadKeyRing } from './rotate-ring.ts'
import { prepareCall } from './prepare-call.ts'
import { withPosition } from './with-position.ts'
import { storedFormOf } from './stored-answer.ts'
import { IdempotencyKeyInFlight, IdempotencyKeyReused } from './problems.ts'

/*
 * The data stage of a mutation, which makes retries safe.
 *
 *   call ─▶ key running in this process? ─ yes ─▶ 409
 *             │ no
 *             ▼
 *           prepare, if the operation does (prepare-call.ts): stored answer? ─ yes ─▶ replay
 *             │ no
 *             ▼
 *           attempt (mutation-attempt.ts): claim, handler, answer, COMMIT ──▶ answer
 *             ▲                         │
 *             ├──── backoff ◀───────────┤ serialization failure, deadlock, stale plan
 *             └──── reload the ring ◀───┤ the layout of the stored keys has changed
 *                                       └ any other error ──▶ thrown
 *
 * Invariants:
 * - One attempt is one transaction. The effects of the handler, its answer, jobs and messages are
 *   stored in one COMMIT or not at all.
 * - Only an attempt that was rolled back is followed by another attempt, and only within the
 *   deadline.
 * - Each attempt, and the preparation, decodes its own copy of the received input.
 * - A call never waits for a key that is in flight: the client gets 409 and retries.
 */

const pauses = { firstMs: 20, maxMs: 500 }

/**
 * Returns the stage of a mutation: one transaction commits the handler's effects together with the
 * key and its answer. After a serialization failure or a deadlock, the transaction is run again,
 * until the deadline. That is safe, because a rolled-back transaction has no effects.
 */
export function safeMutation(operation: CompiledOperation, parts: MutationParts): Stage {
  const form = storedFormOf(operation, parts.seal)
  form.seal?.requireKeys(operation.name)
  const observer = parts.observe(operation.name)

  async function run(call: Call, next: Next): Promise<Answer> {
    const { ring, service, retentionMs } = parts
    const claim = readKeyClaim(call, { service, retentionMs, nowMs: ring.nowMs() })
    if (claim) rejectRunning(claim, parts.running)
    const received = receivedInput(call)
    const { prepare } = parts
    const prepared = prepare && (await prepareCall(call, parts, { prepare, claim, next }))
    if (prepared && 'answer' in prepared) return prepared.answer
    if (prepared) await renewInput(call, received)
    for (let attempts = 1; ; attempts += 1) {
      const work = attemptWork(call, { attempts, watch: parts.watch })
      const { span } = work
      try {
        const place = ring.locate(claim?.madeAtMs)
        const answer = await new MutationAttempt(call, parts, { claim, place, form, work }).run(
          prepared?.next ?? next,
        )
        if (!answer) await reloadKeyRing(ring, parts.pool)
        span.end()
        if (answer) return answer
      } catch (error) {
        span.fail(nameOf(error))
        span.end()
        if (!isRetryable(error) || call.deadline.aborted)
          throw toPostgresFailure(error, operation, call.deadline)
        const pauseMs = fullJitterMs(pauses, attempts)
        if (pauseMs >= call.deadline.remainingMs()) throw toPostgresFailure(error, operation, call.deadline)
        call.log.debug({ error: toLogFields(error), attempts }, 'transaction conflict; retrying')
        observer.retried()
        await pause(pauseMs, { clock: parts.clock, cancellation: call.deadline })
        call.deadline.throwIfAborted()
        await renewInput(call, received)
      }
    }
  }

  return async (call, next) => {
    try {
      const answer = await run(call, next)
      observer.answered(answer)
      return parts.reportsPosition ? await withPosition(answer, call, parts.pool) : answer
    } catch (error) {
      observer.failed(error)
      throw error
    }
  }
}

/**
 * Returns the {@link Work} of one attempt: the deadline and usage of the call, with a separate span
 * and guard.
 */
function attemptWork(
  { operation, span: parent, deadline, usage, log }: Call,
  { attempts, watch }: { readonly attempts: number; readonly watch: MutationParts['watch'] },
): Work {
  const span = parent.begin('transaction', 'internal', {
    'holdfast.isolation': operation.isolation,
    'holdfast.attempt': attempts,
  })
  return { deadline, span, usage, guard: new HandlerGuard(operation, watch, { span, log }) }
}

/** Returns an error's name for a trace, from a small set of names. */
function nameOf(error: unknown): string {
  if (error instanceof ProblemError) return error.code
  return sqlStateOf(error) ?? (error instanceof Error ? error.name : 'unknown')
}

/**
 * Rejects a duplicate of a call that is already running in this process, without taking a
 * connection. The claim rejects duplicates in other processes.
 */
function rejectRunning(claim: KeyClaim, running: ReadonlyMap<string, KeyClaim>): void {
  const first = running.get(claim.lockId)
  if (!first) return
  throw first.fingerprint.equals(claim.fingerprint) ? IdempotencyKeyInFlight() : IdempotencyKeyReused()
}
