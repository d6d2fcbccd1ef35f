import type { HttpAnswer } from './http-answer.ts'

/** Returns an answer as a response of the Fetch standard. */
export function toResponse({ status, headers, body }: HttpAnswer): Response {
  // The bytes are those of a buffer that is not shared between threads, which the type of an array does not say.
  return new Response(body as string | Uint8Array<ArrayBuffer> | null, { status, headers })
}
