import { createHmac } from 'node:crypto'
import { readWebhookSecret } from './webhook-secret.ts'

/** An unsigned webhook. */
export interface UnsignedWebhook {
  /**
   * Id of the webhook, the same in each attempt: receivers use it to detect duplicates. Contains no
   * full stop.
   */
  readonly id: string
  /** Time of this attempt. */
  readonly sentAt: Date
  /** The exact bytes of the body. */
  readonly body: string | Uint8Array
}

/** The headers of a webhook (https://www.standardwebhooks.com). */
export interface WebhookHeaders {
  readonly 'webhook-id': string
  /** In seconds since the Unix epoch. */
  readonly 'webhook-timestamp': string
  /**
   * One signature for each secret, separated by spaces. A signature is `v1,` followed by an
   * HMAC-SHA256 in base64.
   */
  readonly 'webhook-signature': string
}

/**
 * Returns the headers of a webhook, signed with each of the secrets. Pass both the old and the new
 * secret during a rotation: receivers may know only one of them.
 *
 * @throws HoldfastError `webhook-secret-invalid`.
 *
 * @example
 * ```ts no-run
 * const body = JSON.stringify({ order: 7 })
 * const headers = signWebhook({ id: 'msg_1', sentAt: new Date(), body }, [secret])
 * await fetch('https://example.org/hooks', { method: 'POST', headers: { ...headers }, body })
 * ```
 */
export function signWebhook(
  { id, sentAt, body }: UnsignedWebhook,
  secrets: readonly string[],
): WebhookHeaders {
  const timestamp = String(Math.floor(sentAt.getTime() / 1_000))
  const signatures = secrets.map(
    (secret) => `v1,${signatureOf({ id, timestamp, body }, secret).toString('base64')}`,
  )
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': signatures.join(' '),
  }
}

/** The signed parts of a webhook. */
export interface SignedContent {
  readonly id: string
  readonly timestamp: string
  readonly body: string | Uint8Array
}

/** Returns the HMAC-SHA256 of a webhook with a secret. */
export function signatureOf({ id, timestamp, body }: SignedContent, secret: string): Buffer {
  return createHmac('sha256', readWebhookSecret(secret)).update(`${id}.${timestamp}.`).update(body).digest()
}
