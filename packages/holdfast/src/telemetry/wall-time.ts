// The clock of the machine is set right at times, and stands still in a machine that is suspended.
const toleratedDriftMs = 50

let originMs = performance.timeOrigin

/**
 * What to add to a time of `performance.now()` for milliseconds since the Unix epoch. It stays the same while the clock of
 * the machine agrees with it, so that the spans of a trace stay in order.
 */
export function epochOffsetMs(): number {
  const measuredMs = Date.now() - performance.now()
  if (Math.abs(measuredMs - originMs) > toleratedDriftMs) originMs = measuredMs
  return originMs
}
