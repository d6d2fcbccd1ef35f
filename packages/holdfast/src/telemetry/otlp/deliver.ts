import { type PostOutcome, postOtlp } from './post.ts'
import type { OtlpTarget } from './target.ts'

/** Options of {@link deliver}. */
export interface DeliverOptions {
  /** Where it is aborted there is no time to wait any more: one more attempt, and no other. */
  readonly hurry: AbortSignal
  /** Gives up at once. */
  readonly abort: AbortSignal
}

const mostAttempts = 5

/** How long to wait before the second attempt; twice as long before each further one. */
const firstPauseMs = 1_000

/** Whoever asks for a longer pause than this would only be sent newer records instead. */
const longestPauseMs = 300_000

/** Sends a body to a receiver, again where that may help. It does not throw. */
export async function deliver(
  target: OtlpTarget,
  body: string,
  { hurry, abort }: DeliverOptions,
): Promise<PostOutcome> {
  for (let attempt = 1; ; attempt += 1) {
    const isLast = attempt === mostAttempts || hurry.aborted
    const outcome = await postOtlp(target, body, abort)
    if (outcome.kind !== 'unavailable' || isLast || abort.aborted) return outcome
    // Between a half and all of it, so that many services do not return at once to a receiver that was away.
    const ownPauseMs = firstPauseMs * 2 ** (attempt - 1) * (0.5 + Math.random() / 2)
    await pause(Math.min(outcome.retryAfterMs ?? ownPauseMs, longestPauseMs), hurry)
  }
}

/** Waits, without keeping the process alive; less where there is no time. */
function pause(ms: number, hurry: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms)
    timer.unref()
    hurry.addEventListener('abort', done, { once: true })
    function done(): void {
      clearTimeout(timer)
      hurry.removeEventListener('abort', done)
      resolve()
    }
    if (hurry.aborted) done()
  })
}
