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

/** The milliseconds since the Unix epoch that a UUID of version 7 begins with (RFC 9562 section 5.7). */
function timeOf(key: string): number | undefined {
  const parts = uuid7Form.exec(key)
  return parts ? Number.parseInt(`${parts[1]}${parts[2]}`, 16) : undefined
}

/**
 * Refuses a key that says itself that it is older than the answers that are kept: its own may have been pruned, and running
 * it once more could double it. Throws `IdempotencyKeyExpired`.
 */
export function refuseExpired(key: string, nowMs: number, retentionMs: number): void {
  const time = timeOf(key)
  if (time !== undefined && nowMs - time > retentionMs) throw IdempotencyKeyExpired()
}
