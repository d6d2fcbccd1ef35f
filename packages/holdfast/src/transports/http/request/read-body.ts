import { ProblemError } from '../../../kernel/problem/problem.ts'
import { BadRequest } from '../../../kernel/problem/problems.ts'
import { bodyTooLarge } from './body-buffer.ts'
import type { HttpRequest } from './http-request.ts'
import { checkMediaType } from './media-type.ts'
import { parseJson } from './parse-json.ts'

/**
 * Reads the body of a request; empty if the request has no body. Throws `ContentTooLarge` (before
 * reading anything, if the length is declared), `UnsupportedMediaType` and `BadRequest`.
 */
export function readBody(request: HttpRequest, limitBytes: number): Promise<Uint8Array> {
  const announcedBytes = announcedLength(request)
  if (announcedBytes > limitBytes) throw bodyTooLarge(limitBytes)
  // A body with invalid headers is rejected without reading it. If the length is not declared, the
  // body may be empty, so its headers are checked afterwards.
  if (announcedBytes > 0) checkMediaType(request)
  return request.readContent(limitBytes).then((bytes) => {
    if (bytes.length > 0 && announcedBytes === 0) checkMediaType(request)
    return bytes
  }, failReading)
}

/**
 * Rejects a body if the method defines no meaning for it (RFC 9110 section 9.3.5). A client that
 * sends a body expects it to have an effect, but the body is not part of the request's fingerprint.
 * Throws `BadRequest`.
 */
export async function rejectBody(request: HttpRequest, limitBytes: number): Promise<void> {
  const hasContent =
    announcedLength(request) > 0 || (await request.readContent(limitBytes).catch(failReading)).length > 0
  if (hasContent) {
    throw BadRequest({
      detail: `A ${request.method} request must not have a body; send its input in the path and the query string.`,
    })
  }
}

/** Parses the JSON of a body; returns `undefined` for an empty body. Throws `BadRequest`. */
export function parseBody(bytes: Uint8Array): unknown {
  return bytes.length === 0 ? undefined : parseJson(bytes)
}

/**
 * Returns the length in `Content-Length`. Returns zero without this header, although the body may
 * have content.
 */
function announcedLength({ header }: HttpRequest): number {
  const length = header('content-length')
  if (length === undefined) return 0
  if (!/^\d+$/.test(length)) throw BadRequest({ detail: 'The Content-Length must be a number of bytes.' })
  return Number(length)
}

/** Throws the problem for a body that could not be read. */
function failReading(cause: unknown): never {
  if (cause instanceof ProblemError) throw cause
  const broken = BadRequest({ detail: 'The request body was truncated.' })
  broken.cause = cause
  throw broken
}
