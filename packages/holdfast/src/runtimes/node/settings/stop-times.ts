import { configurationInvalid } from '../../../kernel/base/configuration-invalid.ts'
import { type Duration, maxTimerDelay, toDuration, toMilliseconds } from '../../../kernel/base/duration.ts'
import type { HoldfastError } from '../../../kernel/base/holdfast-error.ts'
import type { Mode } from '../../../kernel/host/service-host.ts'
import type { StopTimes } from '../stop-server.ts'
import type { ServerValues } from './server-settings.ts'

/** Options that determine the duration of a stop. */
export interface StopOptions {
  /**
   * Max time for the service to stop, from the signal on, including the drain delay. Work that has
   * not ended by then is cut off and named in the log. Default `'20s'`. Kubernetes kills a process
   * after 30 s.
   */
  readonly grace?: Duration
  /**
   * Time for which the service still listens after the signal; it is part of `grace`. The service
   * reports that it is not ready, and sends `Connection: close` in every response. A load balancer
   * that does not see the signal can notice the stop in this time; meanwhile, its requests are
   * answered. Default: `DRAIN_DELAY`, else `'7s'` in production (at most half of `grace`) and
   * `'0s'` elsewhere. With its defaults (three checks, 2 s apart), haproxy notices within 6 s, and
   * Kubernetes updates its endpoints in less; Docker kills after 10 s.
   */
  readonly drainDelay?: Duration
}

const defaultGrace: Duration = '20s'
const productionDelayMs = 7_000

/**
 * Returns the times of a stop. The drain delay is the option, else `DRAIN_DELAY`, else 7 s in
 * production (at most half of the grace period), and 0 elsewhere.
 *
 * @throws HoldfastError `configuration-invalid`, `duration-invalid`.
 */
export function chooseStopTimes(
  { grace = defaultGrace, drainDelay }: StopOptions,
  { DRAIN_DELAY }: Pick<ServerValues, 'DRAIN_DELAY'>,
  mode: Mode,
): StopTimes {
  const graceMs = toMilliseconds(grace, { option: 'grace', allowsZero: true, max: maxTimerDelay })
  if (drainDelay !== undefined) {
    const drainDelayMs = toMilliseconds(drainDelay, { option: 'drainDelay', allowsZero: true })
    if (isWithin(drainDelayMs, graceMs)) return { graceMs, drainDelayMs }
    throw tooLong(`The option drainDelay is ${drainDelay}`, grace)
  }
  if (DRAIN_DELAY !== undefined) {
    if (isWithin(DRAIN_DELAY, graceMs)) return { graceMs, drainDelayMs: DRAIN_DELAY }
    throw tooLong(`DRAIN_DELAY is ${toDuration(DRAIN_DELAY)}`, grace)
  }
  return { graceMs, drainDelayMs: mode === 'production' ? Math.min(productionDelayMs, graceMs / 2) : 0 }
}

function isWithin(delayMs: number, graceMs: number): boolean {
  return delayMs === 0 || delayMs < graceMs
}

function tooLong(what: string, grace: Duration): HoldfastError {
  return configurationInvalid([
    `${what}; it must be less than the option grace (${grace}), because the delay is part of the grace period. The default is ${toDuration(productionDelayMs)} in production and 0s elsewhere.`,
  ])
}
