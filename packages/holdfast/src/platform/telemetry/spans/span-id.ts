/** The id of a trace, as 32-bit numbers. */
export interface TraceBits {
  readonly a: number
  readonly b: number
  readonly c: number
  readonly d: number
}

// Ids stay numbers until they are read. As texts, they would take most of a span's memory. Random
// bits are generated in bulk, because the cost of a call hardly depends on the number of bits. The
// pool holds the max number of bits per call.
const pool = new Int32Array(16_384)
let used = pool.length

/** Returns 32 random bits. */
export function randomBits(): number {
  if (used === pool.length) {
    crypto.getRandomValues(pool)
    used = 0
  }
  const bits = pool[used]!
  used += 1
  return bits
}

/** Returns the id of a new trace. */
export function newTraceBits(): TraceBits {
  return { a: randomBits(), b: randomBits(), c: randomBits(), d: randomBits() }
}

/** Parses a trace id of 32 hex digits. */
export function readTraceBits(traceId: string): TraceBits {
  return {
    a: readBits(traceId, 0),
    b: readBits(traceId, 8),
    c: readBits(traceId, 16),
    d: readBits(traceId, 24),
  }
}

/** Returns the id of a trace in 32 hex digits. */
export function toTraceId({ a, b, c, d }: TraceBits): string {
  return toHex(a) + toHex(b) + toHex(c) + toHex(d)
}

/** Returns the id of a span in 16 hex digits. */
export function toSpanId(high: number, low: number): string {
  return toHex(high) + toHex(low)
}

/** Parses the 8 hex digits at a position of a text as 32 bits. */
export function readBits(text: string, start: number): number {
  return Number.parseInt(text.slice(start, start + 8), 16) | 0
}

const hexOf: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

function toHex(bits: number): string {
  return hexOf[bits >>> 24]! + hexOf[(bits >>> 16) & 255]! + hexOf[(bits >>> 8) & 255]! + hexOf[bits & 255]!
}
