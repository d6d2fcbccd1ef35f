// Max ignored difference between the two clocks. A greater difference means that the system clock
// was adjusted, or that the machine was suspended: `performance.now()` stops during that time.
const toleratedDriftMs = 50

let originMs = performance.timeOrigin

/**
 * Returns the offset from `performance.now()` to milliseconds since the Unix epoch. The offset
 * stays constant while both clocks agree, so that the spans of a trace stay in order.
 */
export function epochOffsetMs(): number {
  const measuredMs = Date.now() - performance.now()
  if (Math.abs(measuredMs - originMs) > toleratedDriftMs) originMs = measuredMs
  return originMs
}
