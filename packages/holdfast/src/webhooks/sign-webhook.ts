import { createHmac } from 'node:crypto'
import { readWebhookSecret } from './webhook-secret.ts'

/** A webhook before it is signed. */
export interface UnsignedWebhook {
  /** The same each time it is sent: receivers tell duplicates by it. It has no full stop. */
  readonly id: string
  /** When it is sent this time. */
  readonly sentAt: Date
  /** The body, as it is sent byte by byte. */
  readonly body: string | Uint8Array
}

/** The headers of a webhook (https://www.standardwebhooks.com). */
export interface WebhookHeaders {
  readonly 'webhook-id': string
  /** In seconds since the Unix epoch. */
  readonly 'webhook-timestamp': string
  /** `v1,` and an HMAC-SHA256 in base64, for each secret, with spaces between them. */
  readonly 'webhook-signature': string
}

/**
 * Signs a webhook with each of the secrets: while one takes the place of another, receivers know either.
 *
 * @throws HoldfastError `webhook-secret-invalid`.
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

/** What is signed of a webhook. */
export interface SignedContent {
  readonly id: string
  readonly timestamp: string
  readonly body: string | Uint8Array
}

/** The HMAC-SHA256 of a webhook under a secret. */
export function signatureOf({ id, timestamp, body }: SignedContent, secret: string): Buffer {
  return createHmac('sha256', readWebhookSecret(secret)).update(`${id}.${timestamp}.`).update(body).digest()
}
