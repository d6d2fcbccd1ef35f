/**
 * Returns a time in OTLP's form: nanoseconds since the Unix epoch, as a string of decimal digits,
 * because a number is not precise enough.
 */
export function toUnixNano(epochMs: number): string {
  return `${Math.round(epochMs * 1_000)}000`
}
