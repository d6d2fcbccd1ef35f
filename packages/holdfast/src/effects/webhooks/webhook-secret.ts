import { randomBytes } from 'node:crypto'
import { HoldfastError } from '../../kernel/base/holdfast-error.ts'

const prefix = 'whsec_'
const newBytes = 32
const fewestBytes = 24
const maxBytes = 64
const base64Form = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/

/**
 * Returns a new signing secret: `whsec_` and 32 random bytes in base64.
 *
 * @example
 * ```ts
 * const secret = createWebhookSecret() // 'whsec_…'
 * ```
 */
export function createWebhookSecret(): string {
  return prefix + randomBytes(newBytes).toString('base64')
}

/**
 * Returns the bytes of a secret.
 *
 * @throws HoldfastError `webhook-secret-invalid` unless the secret is `whsec_` followed by 24 to 64
 * bytes in base64. The message does not contain the secret.
 */
export function readWebhookSecret(secret: string): Buffer {
  const text = secret.startsWith(prefix) ? secret.slice(prefix.length) : undefined
  const bytes = text !== undefined && base64Form.test(text) ? Buffer.from(text, 'base64') : undefined
  if (bytes && bytes.length >= fewestBytes && bytes.length <= maxBytes) return bytes
  const found =
    text === undefined
      ? `does not begin with ${prefix}`
      : bytes
        ? `is ${bytes.length} bytes long`
        : 'is not base64'
  throw new HoldfastError(
    'webhook-secret-invalid',
    `Invalid webhook secret: it ${found}. It must be ${prefix} followed by ${fewestBytes} to ${maxBytes} bytes in base64, as shown by the sender.`,
  )
}
