import { randomHex } from './random-hex.ts'

// The counter fills the 12 bits after the version and the 14 bits after the variant.
const counterBits = 26
const counterEnd = 2 ** counterBits
const lowBits = 14
const lowMask = 2 ** lowBits - 1

let timestampMs = 0
// The digits of the timestamp, formatted as in the UUID.
let time = ''
let counter = 0

/**
 * Returns a UUID of version 7 (RFC 9562): Unix milliseconds, a counter, 48 random bits. Each UUID
 * is greater than the previous one in this process, even within one millisecond or after the clock
 * is set back.
 *
 * The counter starts at a random value in each millisecond, with its first bit zero, so that at
 * least 2^25 values fit (section 6.2, method 1).
 *
 * @example
 * ```ts
 * const id = uuidv7() // '019ad0b5-7c2e-7d3a-9f41-6c0f2f0a5b1e'
 * ```
 */
export function uuidv7(): string {
  const nowMs = Date.now()
  counter += 1
  if (nowMs > timestampMs) begin(nowMs)
  // If the counter is exhausted, the timestamp runs ahead of the clock, so that the UUIDs stay in
  // order.
  else if (counter === counterEnd) begin(timestampMs + 1)
  const high = 0x70_00 | (counter >>> lowBits)
  const low = 0x80_00 | (counter & lowMask)
  return `${time}-${high.toString(16)}-${low.toString(16)}-${randomHex(6)}`
}

function begin(nowMs: number): void {
  timestampMs = nowMs
  const hex = nowMs.toString(16).padStart(12, '0')
  time = `${hex.slice(0, 8)}-${hex.slice(8)}`
  counter = Number.parseInt(randomHex(4), 16) >>> (32 - counterBits + 1)
}
