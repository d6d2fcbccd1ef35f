import { configurationInvalid } from '../../../kernel/base/configuration-invalid.ts'
import type { HoldfastError } from '../../../kernel/base/holdfast-error.ts'
import type { Mode } from '../../../kernel/host/service-host.ts'
import type { ServerValues } from './server-settings.ts'

/** Inputs that determine the drain delay. */
export interface DrainDelayOptions {
  readonly drainDelayMs: number | undefined
  readonly graceMs: number
}

const productionDelayMs = 7_000

/**
 * Returns how long a stopping service continues to listen, in milliseconds: the option, else
 * `DRAIN_DELAY_MS`, else 7,000 in production and 0 elsewhere.
 */
export function chooseDrainDelay(
  { drainDelayMs, graceMs }: DrainDelayOptions,
  { DRAIN_DELAY_MS }: Pick<ServerValues, 'DRAIN_DELAY_MS'>,
  mode: Mode,
): number {
  if (drainDelayMs !== undefined) {
    if (isWithin(drainDelayMs, graceMs)) return drainDelayMs
    throw invalid(`The option drainDelayMs is ${drainDelayMs}`, graceMs)
  }
  if (DRAIN_DELAY_MS !== undefined) {
    if (isWithin(DRAIN_DELAY_MS, graceMs)) return DRAIN_DELAY_MS
    throw invalid(`DRAIN_DELAY_MS is ${DRAIN_DELAY_MS}`, graceMs)
  }
  return mode === 'production' ? Math.min(productionDelayMs, graceMs / 2) : 0
}

function isWithin(delayMs: number, graceMs: number): boolean {
  return delayMs === 0 || (delayMs > 0 && delayMs < graceMs)
}

function invalid(what: string, graceMs: number): HoldfastError {
  return configurationInvalid([
    `${what}; it must be at least 0 ms and less than graceMs (${graceMs}), because the delay is part of the grace period. The default is ${productionDelayMs} in production and 0 elsewhere.`,
  ])
}
