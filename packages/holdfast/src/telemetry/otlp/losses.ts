import { HoldfastError } from '../../kernel/holdfast-error.ts'
import { type Logger, toLogFields } from '../../kernel/log.ts'
import type { Counter } from '../../kernel/telemetry.ts'

/** What is exported. */
export type Signal = 'spans' | 'metrics'

/** Why something was not exported. */
export type LossReason = 'overwritten' | 'unavailable' | 'refused'

/** Counts what does not arrive, and tells of it without flooding the log. */
export interface Losses {
  /** So many records of a kind were lost. */
  add(count: number, why: { readonly reason: LossReason; readonly message: string }): void
  /** Tells of what has not been told yet. */
  tell(): void
}

// The first loss is told at once; while a receiver is away, that is not news.
const tellEveryMs = 60_000

/** Counts the losses of one signal. */
export function createLosses(signal: Signal, counter: Counter, log: Logger): Losses {
  let untold = 0
  let latest: string | undefined
  let toldAtMs = Number.NEGATIVE_INFINITY

  function tell(): void {
    if (latest === undefined) return
    const error = new HoldfastError('telemetry-export-failed', latest)
    log.warn({ error: toLogFields(error), lost: untold }, `${signal} were not exported`)
    untold = 0
    latest = undefined
    toldAtMs = performance.now()
  }

  return {
    add(count, { reason, message }) {
      counter.with({ 'holdfast.signal': signal, 'holdfast.reason': reason }).add(count)
      untold += count
      latest = message
      if (performance.now() - toldAtMs >= tellEveryMs) tell()
    },
    tell,
  }
}
