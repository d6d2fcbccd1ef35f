import type { Answer } from '../../../kernel/operation/answer.ts'
import { etagOf } from './etag.ts'

/** An HTTP response. */
export interface HttpAnswer extends Pick<Answer, 'status' | 'headers' | 'cookies'> {
  /**
   * A string that only this response uses, or bytes that may be shared by any number of responses;
   * `null` if there is no body.
   */
  readonly body: string | Uint8Array | null
}

/**
 * Returns a response that can be sent any number of times. Its body is encoded, and its entity tag
 * is computed, only once.
 */
export function staticAnswer({ status, headers, body }: HttpAnswer): HttpAnswer {
  if (body === null) return { status, headers, body }
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body
  return { status, headers: { ...headers, etag: etagOf(bytes) }, body: bytes }
}

/** Returns the length of a body in bytes. */
export function byteLengthOf(body: string | Uint8Array): number {
  return typeof body === 'string' ? new TextEncoder().encode(body).length : body.length
}
