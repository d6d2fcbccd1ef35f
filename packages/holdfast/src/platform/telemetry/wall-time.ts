// The system clock may be adjusted, and `performance.now()` stops while the machine is suspended.
const toleratedDriftMs = 50

let originMs = performance.timeOrigin

/**
 * Returns the offset from `performance.now()` to milliseconds since the Unix epoch. It stays
 * constant while the system clock agrees with it, so that the spans of a trace stay in order.
 */
export function epochOffsetMs(): number {
  const measuredMs = Date.now() - performance.now()
  if (Math.abs(measuredMs - originMs) > toleratedDriftMs) originMs = measuredMs
  return originMs
}
