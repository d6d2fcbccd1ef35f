import { createHash, randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'

/*
 * The text of an API key: `hf_live_` + 30 random characters + 6 characters of a checksum.
 *
 * - The prefix lets secret scanners find keys in source code, and tells the service that a bearer
 *   token is an API key.
 * - The random part has 178 bits, so a fast hash of it is safe to store.
 * - The checksum (CRC-32) detects typing errors and truncated keys without a look-up.
 */

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const randomLength = 30
const checksumLength = 6
/** Length of a key without its prefix. */
const secretLength = randomLength + checksumLength
const startLength = 4

/** Returns a new key. */
export function createKeyText(prefix: string): string {
  const text = `${prefix}_${randomText(randomLength)}`
  return text + checksumOf(text)
}

/**
 * Returns true if a text is a key without typing errors or missing characters. The key may be
 * unknown or revoked.
 */
export function isKeyText(prefix: string, text: string): boolean {
  const secret = text.slice(prefix.length + 1)
  if (secret.length !== secretLength || !/^[0-9A-Za-z]+$/.test(secret)) return false
  const checked = text.slice(0, -checksumLength)
  return checksumOf(checked) === text.slice(-checksumLength)
}

/** Returns the stored hash of a key. */
export function hashKeyText(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

/** Returns the start of a key, by which lists identify it: `hf_live_x7Pq`. */
export function startOfKeyText(prefix: string, text: string): string {
  return text.slice(0, prefix.length + 1 + startLength)
}

/** Returns random characters, all with the same probability. */
function randomText(length: number): string {
  // The largest multiple of the alphabet's size that fits into a byte.
  const limit = 256 - (256 % alphabet.length)
  let text = ''
  while (text.length < length)
    for (const byte of randomBytes(length * 2))
      if (byte < limit && text.length < length) text += alphabet[byte % alphabet.length]
  return text
}

function checksumOf(text: string): string {
  let rest = crc32(text)
  let digits = ''
  for (let index = 0; index < checksumLength; index += 1) {
    digits = alphabet[rest % alphabet.length] + digits
    rest = Math.floor(rest / alphabet.length)
  }
  return digits
}
