import type { Answer } from '../kernel/answer.ts'
import type { Call, Next, Stage } from '../kernel/call.ts'
import type { Clock } from '../kernel/clock.ts'
import type { CompiledOperation } from '../kernel/compile.ts'
import { untilAborted } from '../kernel/cancellation.ts'
import { toLogFields } from '../kernel/log.ts'
import { ProblemError } from '../kernel/problem.ts'
import type { Work } from '../kernel/work.ts'
import type { WireInput } from '../kernel/wire-input.ts'
import { HandlerGuard } from '../postgres/guard/handler-guard.ts'
import { isStalePlan, isWorthRerunning, sqlStateOf } from '../postgres/sql-state.ts'
import { toPostgresFailure } from '../postgres/to-postgres-failure.ts'
import { attempt } from './attempt.ts'
import { type KeyClaim, readKeyClaim } from './key-claim.ts'
import type { MutationParts } from './mutation-parts.ts'
import { reloadKeyRing } from './rotate-ring.ts'
import { withPosition } from './with-position.ts'
import { storedFormOf } from './stored-answer.ts'
import { IdempotencyKeyInFlight, IdempotencyKeyReused } from './problems.ts'

const firstPauseMs = 10
const longestPauseMs = 500

/**
 * The stage of a mutation: one transaction that commits the handler's effects together with the key and its answer, run again
 * after a serialization failure or a deadlock as long as the deadline allows. It has no other effects, so that it may be.
 */
export function safeMutation(operation: CompiledOperation, parts: MutationParts): Stage {
  const form = storedFormOf(operation)
  const observer = parts.observe(operation.name)

  async function run(call: Call, next: Next): Promise<Answer> {
    const { ring, service, retentionMs } = parts
    const claim = readKeyClaim(call, { service, retentionMs, nowMs: ring.nowMs() })
    if (claim) refuseRunning(claim, parts.running)
    // A handler may change the input that it is given, parts of which may be what was received.
    const received = copiesOf(call.wire)
    let prepares = true
    for (let attempts = 1; ; attempts += 1) {
      const span = call.span.begin('transaction', 'internal', {
        'holdfast.isolation': operation.isolation,
        'holdfast.attempt': attempts,
      })
      const work: Work = {
        deadline: call.deadline,
        span,
        usage: call.usage,
        guard: new HandlerGuard(operation, parts.watch, { span, log: call.log }),
      }
      try {
        const place = ring.locate(claim?.madeAtMs)
        const answer = await attempt(call, next, { claim, place, form, prepares, work, ...parts })
        if (!answer) await reloadKeyRing(ring, parts.pool)
        span.end()
        if (answer) return answer
      } catch (error) {
        span.fail(nameOf(error))
        span.end()
        const isStale = isStalePlan(error)
        if (!isWorthRerunning(error) || (isStale && !prepares) || call.deadline.aborted)
          throw toPostgresFailure(error, operation, call.deadline)
        const pauseMs = Math.random() * Math.min(longestPauseMs, firstPauseMs * 2 ** attempts)
        if (pauseMs >= call.deadline.remainingMs()) throw toPostgresFailure(error, operation, call.deadline)
        call.log.debug(
          { error: toLogFields(error), attempts },
          'the transaction met another one; it is run again',
        )
        observer.reran()
        await pause(pauseMs, call, parts.clock)
        call.input = await untilAborted(Promise.resolve(operation.decode(received())), call.deadline)
        // Nothing that is not prepared can be stale, so once is enough.
        if (isStale) prepares = false
      }
    }
  }

  return async (call, next) => {
    try {
      const answer = await run(call, next)
      observer.answered(answer)
      return parts.tellsPosition ? await withPosition(answer, call, parts.pool) : answer
    } catch (error) {
      observer.failed(error)
      throw error
    }
  }
}

/** What an error is called in a trace: by few names. */
function nameOf(error: unknown): string {
  if (error instanceof ProblemError) return error.code
  return sqlStateOf(error) ?? (error instanceof Error ? error.name : 'unknown')
}

/** Makes copies of an input as it is now. */
function copiesOf(wire: WireInput): () => WireInput {
  const kept = structuredClone(wire)
  return () => structuredClone(kept)
}

/** Spares a duplicate of what runs in this process its connection. Across processes, the claim finds out. */
function refuseRunning(claim: KeyClaim, running: ReadonlyMap<string, KeyClaim>): void {
  const first = running.get(claim.lockId)
  if (!first) return
  throw first.fingerprint.equals(claim.fingerprint) ? IdempotencyKeyInFlight() : IdempotencyKeyReused()
}

function pause(ms: number, call: Call, clock: Clock): Promise<void> {
  return untilAborted(new Promise<void>((resolve) => clock.after(ms, resolve)), call.deadline)
}
