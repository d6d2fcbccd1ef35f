import { HoldfastError } from '../../../kernel/base/holdfast-error.ts'
import { type Logger, toLogFields } from '../../../kernel/base/log.ts'
import type { Counter } from '../../../kernel/telemetry/telemetry.ts'

/** A kind of exported records. */
export type Signal = 'spans' | 'metrics'

/** The reason why records were not exported. */
export type LossReason = 'overwritten' | 'unavailable' | 'refused'

/** Counts lost records and logs them without flooding the log. */
export interface Losses {
  /** Adds a number of lost records and the reason. */
  add(count: number, why: { readonly reason: LossReason; readonly message: string }): void
  /** Logs the losses not logged yet. */
  tell(): void
}

// The first loss is logged immediately. While a receiver is down, further losses are logged
// together, at this interval.
const tellEveryMs = 60_000

/** Creates the loss counter of one signal. */
export function createLosses(signal: Signal, counter: Counter, log: Logger): Losses {
  let untold = 0
  let latest: string | undefined
  let toldAtMs = Number.NEGATIVE_INFINITY

  function tell(): void {
    if (latest === undefined) return
    const error = new HoldfastError('telemetry-export-failed', latest)
    log.warn({ error: toLogFields(error), lost: untold }, `exporting ${signal} failed`)
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
