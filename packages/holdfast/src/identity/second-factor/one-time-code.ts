import { createHmac, timingSafeEqual } from 'node:crypto'

/*
 * Time-based one-time codes (RFC 6238): HMAC-SHA-1, 6 digits, steps of 30 seconds. These are the
 * only parameters that all authenticator apps support.
 */

const stepMs = 30_000
const digits = 6
/** Length of a new secret: 160 bits, as RFC 4226 section 4 recommends. */
export const secretBytes = 20

/** Returns the time step at a time, in milliseconds since the Unix epoch. */
export function stepAt(ms: number): number {
  return Math.floor(ms / stepMs)
}

/** Returns the code of a time step. */
export function codeOf(secret: Uint8Array, step: number): string {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(step))
  const mac = createHmac('sha1', secret).update(counter).digest()
  const offset = mac[mac.length - 1]! & 0xf
  const value = (mac.readUInt32BE(offset) & 0x7fffffff) % 10 ** digits
  return String(value).padStart(digits, '0')
}

/** Parameters of {@link findStep}. */
export interface CodeCheck {
  readonly code: string
  readonly nowMs: number
  /** The step of the last accepted code. It and all earlier steps are refused. */
  readonly lastStep: number
}

/**
 * Returns the step of a code; `undefined` if the code is wrong or was used. The clock of the
 * authenticator may differ by one step (RFC 6238 section 5.2).
 */
export function findStep(secret: Uint8Array, { code, nowMs, lastStep }: CodeCheck): number | undefined {
  const given = Buffer.from(code.padStart(digits))
  const now = stepAt(nowMs)
  return [now, now - 1, now + 1].find(
    (step) =>
      step > lastStep && given.length === digits && timingSafeEqual(given, Buffer.from(codeOf(secret, step))),
  )
}

const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** Returns bytes in base32 (RFC 4648) without padding, as authenticator apps read a secret. */
export function toBase32(bytes: Uint8Array): string {
  const bits = Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0')).join('')
  return (bits.match(/.{1,5}/g) ?? []).map((part) => base32[parseInt(part.padEnd(5, '0'), 2)]).join('')
}

/** Returns the bytes of a text in base32 without padding; `undefined` if it is not base32. */
export function fromBase32(text: string): Buffer | undefined {
  if (!/^[A-Z2-7]+$/.test(text)) return undefined
  const bits = Array.from(text, (each) => base32.indexOf(each).toString(2).padStart(5, '0')).join('')
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2)))
}
