import { timingSafeEqual } from 'node:crypto'
import { WebhookHeadersMissing, WebhookSignatureInvalid } from './problems.ts'
import { signatureOf } from './sign-webhook.ts'

/** A received webhook. */
export interface ReceivedWebhook {
  /** Returns a request header by its lower-case name. */
  readonly header: (name: string) => string | undefined
  /**
   * The exact bytes of the body. A body that is parsed and serialized again no longer matches the
   * signature.
   */
  readonly body: Uint8Array
}

/** Options of {@link verifyWebhook}. */
export interface WebhookVerification {
  /** The sender's secrets, `whsec_…`. The webhook must be signed with one of them. */
  readonly secrets: readonly string[]
  /** The current time, in milliseconds since the Unix epoch. */
  readonly nowMs: number
}

/** A webhook with a valid signature. */
export interface VerifiedWebhook {
  /** Id of the webhook, the same in each attempt of the sender. */
  readonly id: string
  /** Time of this attempt. */
  readonly sentAt: Date
}

const toleranceMs = 300_000

/**
 * Verifies that a webhook is signed with one of the secrets, and that it was sent within five
 * minutes of the current time. Throws `WebhookHeadersMissing` or `WebhookSignatureInvalid`.
 *
 * @throws HoldfastError `webhook-secret-invalid`.
 *
 * @example
 * ```ts
 * const body = '{"order":7}'
 * const signed = signWebhook({ id: 'msg_1', sentAt: new Date(), body }, [secret])
 * const headers = new Headers({ ...signed })
 *
 * const { id } = verifyWebhook(
 *   { header: (name) => headers.get(name) ?? undefined, body: new TextEncoder().encode(body) },
 *   { secrets: [secret], nowMs: Date.now() },
 * )
 * ```
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
    throw WebhookSignatureInvalid({
      detail: 'The webhook has no signature that is valid for the expected sender.',
    })
  return { id, sentAt }
}

function readTimestamp(timestamp: string, nowMs: number): Date {
  const sentMs = /^\d{1,12}$/.test(timestamp) ? Number(timestamp) * 1_000 : NaN
  if (Number.isNaN(sentMs))
    throw WebhookSignatureInvalid({ detail: 'The webhook-timestamp is not a number of seconds.' })
  if (Math.abs(nowMs - sentMs) > toleranceMs) {
    throw WebhookSignatureInvalid({
      detail:
        'The webhook was not sent within the last five minutes, or the clocks differ by more than five minutes.',
    })
  }
  return new Date(sentMs)
}

/** Returns the `v1` signatures; the header may also contain signatures of other versions. */
function readSignatures(text: string): readonly Buffer[] {
  return text
    .split(' ')
    .filter((signature) => signature.startsWith('v1,'))
    .map((signature) => Buffer.from(signature.slice('v1,'.length), 'base64'))
}

function equal(presented: Buffer, expected: Buffer): boolean {
  return presented.length === expected.length && timingSafeEqual(presented, expected)
}
