/**
 * Returns the delay that a `Retry-After` header requests, in milliseconds. Reads seconds or a date
 * (RFC 9110 section 10.2.3). Returns `undefined` if the header is missing or invalid, or if its
 * time has passed.
 */
export function readRetryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined
  const text = header.trim()
  const delayMs = /^\d{1,9}$/.test(text) ? Number(text) * 1_000 : dateOf(text) - nowMs
  return delayMs > 0 ? delayMs : undefined
}

/** Returns the time of an HTTP date, whose first part is a day name; `NaN` for any other text. */
function dateOf(text: string): number {
  return /^[A-Z][a-z]+,? /.test(text) ? Date.parse(text) : NaN
}
