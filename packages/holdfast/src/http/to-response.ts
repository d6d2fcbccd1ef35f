import type { Answer } from '../kernel/answer.ts'

/** An answer as a response of the Fetch standard. */
export function toResponse({ status, headers, body }: Answer): Response {
  return new Response(body, { status, headers })
}
