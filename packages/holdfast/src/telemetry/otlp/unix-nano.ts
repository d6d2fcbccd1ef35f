/** A time as OTLP has it: nanoseconds since the Unix epoch in decimal digits, which are too many for a number. */
export function toUnixNano(epochMs: number): string {
  return `${Math.round(epochMs * 1_000)}000`
}
