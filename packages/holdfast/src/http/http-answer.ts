import type { Answer } from '../kernel/answer.ts'
import { etagOf } from './etag.ts'

/** An answer as HTTP sends it. */
export interface HttpAnswer extends Pick<Answer, 'status' | 'headers'> {
  /** Text of this answer alone, or bytes that any number of answers share; `null` if there is no content. */
  readonly body: string | Uint8Array | null
}

/** Returns an answer to send any number of times: its body is encoded, and its entity tag computed, once. */
export function staticAnswer({ status, headers, body }: HttpAnswer): HttpAnswer {
  if (body === null) return { status, headers, body }
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body
  return { status, headers: { ...headers, etag: etagOf(bytes) }, body: bytes }
}

/** Returns the length of a body in bytes. */
export function byteLengthOf(body: string | Uint8Array): number {
  return typeof body === 'string' ? new TextEncoder().encode(body).length : body.length
}
