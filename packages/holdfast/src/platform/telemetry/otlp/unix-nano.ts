/**
 * Returns a time in OTLP's form: nanoseconds since the Unix epoch in decimal digits, which exceed
 * the precision of a number.
 */
export function toUnixNano(epochMs: number): string {
  return `${Math.round(epochMs * 1_000)}000`
}
