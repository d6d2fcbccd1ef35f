import { timingSafeEqual } from 'node:crypto'
import { WebhookHeadersMissing, WebhookSignatureInvalid } from './problems.ts'
import { signatureOf } from './sign-webhook.ts'

/** A webhook as it was received. */
export interface ReceivedWebhook {
  /** A request header by its lower-case name. */
  readonly header: (name: string) => string | undefined
  /** The body as it was received, byte by byte: not parsed and written again. */
  readonly body: Uint8Array
}

/** What a webhook is verified against. */
export interface WebhookVerification {
  /** The secrets of the sender, one of which it has to be signed with: `whsec_…`. */
  readonly secrets: readonly string[]
  /** The present, in milliseconds since the Unix epoch. */
  readonly nowMs: number
}

/** A webhook whose sender knows one of the secrets. */
export interface VerifiedWebhook {
  /** The same each time it is sent. */
  readonly id: string
  /** When it was sent this time. */
  readonly sentAt: Date
}

const toleranceMs = 300_000

/**
 * Verifies a webhook: one of its signatures is by one of the secrets, and it was sent within five minutes of the present. Throws
 * `WebhookHeadersMissing` and `WebhookSignatureInvalid`.
 *
 * @throws HoldfastError `webhook-secret-invalid`.
 */
export function verifyWebhook(
  { header, body }: ReceivedWebhook,
  { secrets, nowMs }: WebhookVerification,
): VerifiedWebhook {
  const id = header('webhook-id')
  const timestamp = header('webhook-timestamp')
  const presented = header('webhook-signature')
  if (!id || !timestamp || !presented) throw WebhookHeadersMissing()
  const sentAt = readTimestamp(timestamp, nowMs)
  const signatures = readSignatures(presented)
  const isSigned = secrets
    .map((secret) => signatureOf({ id, timestamp, body }, secret))
    .some((expected) => signatures.some((signature) => equal(signature, expected)))
  if (!isSigned)
    throw WebhookSignatureInvalid({ detail: 'None of its signatures is one of the expected sender.' })
  return { id, sentAt }
}

function readTimestamp(timestamp: string, nowMs: number): Date {
  const sentMs = /^\d{1,12}$/.test(timestamp) ? Number(timestamp) * 1_000 : NaN
  if (Number.isNaN(sentMs))
    throw WebhookSignatureInvalid({ detail: 'Its webhook-timestamp is no number of seconds.' })
  if (Math.abs(nowMs - sentMs) > toleranceMs) {
    throw WebhookSignatureInvalid({
      detail: 'It was not sent within the last five minutes, or the clocks differ by more than that.',
    })
  }
  return new Date(sentMs)
}

/** The signatures of the version that is known; others may stand beside them. */
function readSignatures(text: string): readonly Buffer[] {
  return text
    .split(' ')
    .filter((signature) => signature.startsWith('v1,'))
    .map((signature) => Buffer.from(signature.slice('v1,'.length), 'base64'))
}

function equal(presented: Buffer, expected: Buffer): boolean {
  return presented.length === expected.length && timingSafeEqual(presented, expected)
}
