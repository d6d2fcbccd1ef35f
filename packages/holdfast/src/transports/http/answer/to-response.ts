import type { HttpAnswer } from './http-answer.ts'

/** Converts an HTTP answer to a Fetch response. */
export function toResponse({ status, headers, body }: HttpAnswer): Response {
  // The bytes are never in a shared buffer, which the type of the array does not express.
  return new Response(body as string | Uint8Array<ArrayBuffer> | null, { status, headers })
}
