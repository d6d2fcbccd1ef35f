import { equalJitterMs } from '../../../kernel/base/backoff.ts'
import { systemClock } from '../../../kernel/base/clock.ts'
import { pause } from '../../../kernel/base/wait.ts'
import { type PostOutcome, postOtlp } from './post.ts'
import type { OtlpTarget } from './target.ts'

/** Options of {@link deliver}. */
export interface DeliverOptions {
  /** Abort it to end the wait between two attempts. One last attempt follows. */
  readonly hurry: AbortSignal
  /** Aborts the delivery immediately. */
  readonly abort: AbortSignal
}

const maxAttempts = 5

const pauses = { firstMs: 1_000 }

/**
 * Max delay that a receiver can request, in milliseconds. During a longer delay, new records would
 * overwrite the records waiting in the buffer.
 */
const maxPauseMs = 300_000

/** Sends a body to a receiver, and retries if the failure may be temporary. Never throws. */
export async function deliver(
  target: OtlpTarget,
  body: string,
  { hurry, abort }: DeliverOptions,
): Promise<PostOutcome> {
  for (let attempt = 1; ; attempt += 1) {
    const isLast = attempt === maxAttempts || hurry.aborted
    const outcome = await postOtlp(target, body, abort)
    if (outcome.kind !== 'unavailable' || isLast || abort.aborted) return outcome
    const pauseMs = outcome.retryAfterMs ?? equalJitterMs(pauses, attempt)
    await pause(Math.min(pauseMs, maxPauseMs), { clock: systemClock, cancellation: hurry })
  }
}
