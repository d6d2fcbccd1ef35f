import { IdempotencyKeyGuessable } from './problems.ts'

/*
 * The key of a sealed answer is a part of its encryption key, so it must be random. The text of a
 * key does not show how it was made. These checks refuse keys made from times, counters, names and
 * repetitions.
 */

/** Random bits of a UUIDv4. */
const minBits = 122

const uuidForm = /^[0-9a-f]{8}-[0-9a-f]{4}-([0-9a-f])[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i
const tokenForm = /^[A-Za-z0-9+/=_-]+$/
const uuidShape = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/**
 * Checks that a key has at least 122 random bits: a UUIDv4, or a token such as 22 characters of
 * base64url. Throws `IdempotencyKeyGuessable`.
 */
export function requireUnguessable(key: string, nowMs: number): void {
  const reason = uuidShape.test(key) ? rejectUuid(key) : rejectToken(key, nowMs)
  if (reason !== undefined) throw IdempotencyKeyGuessable({ detail: reason })
}

function rejectUuid(key: string): string | undefined {
  const version = uuidForm.exec(key)?.[1]
  if (version !== '4')
    return 'The key is a UUID, but not a random one. Send a UUID of version 4, which is random.'
  return isVaried(key, 6) ? undefined : repetitive
}

function rejectToken(key: string, nowMs: number): string | undefined {
  if (!tokenForm.test(key)) return 'The key contains characters that random tokens do not have.'
  const random = key.replaceAll('=', '')
  const symbols = alphabetOf(random)
  const bits = random.length * Math.log2(symbols)
  if (bits < minBits) return `The key has at most ${Math.floor(bits)} random bits; it needs ${minBits}.`
  if (!isVaried(random, symbols <= 16 ? 5 : 8)) return repetitive
  if (isRecentTime(random, nowMs))
    return 'The key contains the time at which it was made. Send a UUIDv4, which is random.'
  return undefined
}

const repetitive = 'The key is repetitive, so it was not made at random.'

/** Returns the size of the smallest common alphabet that contains all characters of a text. */
function alphabetOf(text: string): number {
  if (/^\d+$/.test(text)) return 10
  if (/^[0-9a-f]+$/.test(text) || /^[0-9A-F]+$/.test(text)) return 16
  if (/^[a-z0-9]+$/.test(text) || /^[A-Z0-9]+$/.test(text)) return 36
  return /^[A-Za-z0-9]+$/.test(text) ? 62 : 64
}

/** Returns false for texts with few different characters, repeated parts or sequences. */
function isVaried(text: string, minDifferent: number): boolean {
  const characters = text.replaceAll('-', '')
  if (new Set(characters).size < minDifferent || /^(.+?)\1+.{0,3}$/.test(characters)) return false
  const codes = Array.from(characters, (character) => character.charCodeAt(0))
  const steps = codes.filter((code, index) => index > 0 && Math.abs(code - codes[index - 1]!) <= 1)
  return steps.length < characters.length * 0.75
}

const dayMs = 86_400_000
const crockford = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/**
 * Returns whether a text is a UUIDv7 without hyphens or a ULID, made within a day of now. One in
 * 10^8 random texts has such a form.
 */
function isRecentTime(text: string, nowMs: number): boolean {
  const isRecent = (ms: number): boolean => Math.abs(ms - nowMs) <= dayMs
  if (/^[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}$/i.test(text))
    return isRecent(Number.parseInt(text.slice(0, 12), 16))
  if (!/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/i.test(text)) return false
  const digits = Array.from(text.slice(0, 10).toUpperCase(), (character) => crockford.indexOf(character))
  return isRecent(digits.reduce((ms, digit) => ms * crockford.length + digit, 0))
}
