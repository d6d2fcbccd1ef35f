import { IdempotencyKeyExpired, IdempotencyKeyInvalid } from './problems.ts'

const maxLength = 255

// A string of RFC 9651 section 3.3.3, and parameters, which the draft gives no meaning.
const quotedForm = /^"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"\s*(?:;.*)?$/
// What most clients send: a bare token. No quotes, separators or spaces, so that it cannot be a broken string or a list.
const bareForm = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]+$/

/**
 * Reads an `Idempotency-Key` header (draft-ietf-httpapi-idempotency-key-header): a structured-field string, or
 * the same text without quotes.
 *
 * Throws `IdempotencyKeyInvalid`.
 */
export function parseKey(header: string): string {
  const text = header.trim()
  const quoted = quotedForm.exec(text)?.[1]
  const key = quoted === undefined ? bareForm.exec(text)?.[0] : quoted.replaceAll(/\\(["\\])/g, '$1')
  if (key === undefined || key === '') {
    throw IdempotencyKeyInvalid({
      detail: 'It has to be one string of printable ASCII characters, quoted or bare.',
    })
  }
  if (key.length > maxLength) {
    throw IdempotencyKeyInvalid({ detail: `It has ${key.length} characters; ${maxLength} are allowed.` })
  }
  return key
}

const uuid7Form = /^([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i

/** Returns the milliseconds since the Unix epoch that a UUIDv7 begins with (RFC 9562 section 5.7). */
export function timeOf(key: string): number | undefined {
  const parts = uuid7Form.exec(key)
  return parts ? Number.parseInt(`${parts[1]}${parts[2]}`, 16) : undefined
}

/** How far ahead of the database's clock the time in a key may be. */
const maxAheadMs = 5 * 60_000

/**
 * Checks the time in a key. One older than the answers that are kept is refused, since its own answer may
 * be gone and another run would double it; one from the future, since it would be looked for elsewhere
 * later. Throws `IdempotencyKeyExpired` or `IdempotencyKeyInvalid`.
 */
export function checkTime(madeAtMs: number, nowMs: number, retentionMs: number): void {
  if (nowMs - madeAtMs > retentionMs) throw IdempotencyKeyExpired()
  const aheadMs = madeAtMs - nowMs
  if (aheadMs <= maxAheadMs) return
  throw IdempotencyKeyInvalid({
    detail: `The key is a UUIDv7 from ${new Date(madeAtMs).toISOString()}, ${Math.round(aheadMs / 60_000)} minutes ahead of the server; at most 5 are allowed. Set the clock of the client, or send a key that is not a UUIDv7.`,
  })
}
