import { HoldfastError } from 'holdfast'
import type { Mail } from 'holdfast/auth'

/** Returns a client of a service that sends mails over HTTP. */
export function mailService(mailUrl: URL | string): Mail {
  return {
    async send(message, { key, signal }) {
      const response = await fetch(new URL('/mails', mailUrl), {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': `"${key}"` },
        body: JSON.stringify(message),
        signal,
      })
      if (!response.ok)
        throw new HoldfastError('mail-failed', `The mail service returned ${response.status}.`)
    },
  }
}
