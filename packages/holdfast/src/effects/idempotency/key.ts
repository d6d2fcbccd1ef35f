import { IdempotencyKeyExpired, IdempotencyKeyInvalid } from './problems.ts'

const maxLength = 255

// A string (RFC 9651 section 3.3.3) with optional parameters, which the draft gives no meaning.
const quotedForm = /^"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"\s*(?:;.*)?$/
// A bare token, which most clients send. It excludes quotes, separators and spaces, so that it
// matches neither a malformed string nor a list.
const bareForm = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]+$/

/**
 * Reads an `Idempotency-Key` header (draft-ietf-httpapi-idempotency-key-header): a structured-field
 * string, or the same text without quotes.
 *
 * Throws `IdempotencyKeyInvalid`.
 */
export function parseKey(header: string): string {
  const text = header.trim()
  const quoted = quotedForm.exec(text)?.[1]
  const key = quoted === undefined ? bareForm.exec(text)?.[0] : quoted.replaceAll(/\\(["\\])/g, '$1')
  if (key === undefined || key === '') {
    throw IdempotencyKeyInvalid({
      detail: 'The key must be one string of printable ASCII characters, quoted or bare.',
    })
  }
  if (key.length > maxLength) {
    throw IdempotencyKeyInvalid({
      detail: `The key is ${key.length} characters long; the max is ${maxLength}.`,
    })
  }
  return key
}

const uuid7Form = /^([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i

/**
 * Returns the time in a UUIDv7, in milliseconds since the Unix epoch (RFC 9562 section 5.7);
 * `undefined` for any other key.
 */
export function timeOf(key: string): number | undefined {
  const parts = uuid7Form.exec(key)
  return parts ? Number.parseInt(`${parts[1]}${parts[2]}`, 16) : undefined
}

/** Max time by which a key's time may be ahead of the database's clock. */
const maxAheadMs = 5 * 60_000

/**
 * Checks the time in a key. Throws `IdempotencyKeyExpired` if it is older than the retention: its
 * answer may have been deleted, so the call might run twice. Throws `IdempotencyKeyInvalid` if it
 * is too far in the future: its leaf may be truncated before its retention has passed.
 */
export function checkTime(madeAtMs: number, nowMs: number, retentionMs: number): void {
  if (nowMs - madeAtMs > retentionMs) throw IdempotencyKeyExpired()
  const aheadMs = madeAtMs - nowMs
  if (aheadMs <= maxAheadMs) return
  throw IdempotencyKeyInvalid({
    detail: `The key is a UUIDv7 from ${new Date(madeAtMs).toISOString()}, ${Math.round(aheadMs / 60_000)} minutes ahead of the server; at most 5 minutes are allowed. Set the client's clock, or send a key that is not a UUIDv7.`,
  })
}
