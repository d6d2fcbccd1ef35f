/**
 * How long an answer asks to be left alone, in milliseconds: `Retry-After` as seconds or as a date (RFC 9110 section 10.2.3). `undefined` where
 * it has none that can be read, or one that has passed.
 */
export function readRetryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined
  const text = header.trim()
  const delayMs = /^\d{1,9}$/.test(text) ? Number(text) * 1_000 : dateOf(text) - nowMs
  return delayMs > 0 ? delayMs : undefined
}

/** The time of an HTTP date, which begins with the name of a day; `NaN` for any other text. */
function dateOf(text: string): number {
  return /^[A-Z][a-z]+,? /.test(text) ? Date.parse(text) : NaN
}
