import type { Exchange } from './exchange.ts'
import { etagOf, matchesEtag } from './etag.ts'
import { byteLengthOf, type HttpAnswer } from './http-answer.ts'
import type { HttpRequest } from '../request/http-request.ts'

/**
 * Adds an entity tag and `Cache-Control` to the response of a GET or HEAD. Returns a 304 without a
 * body if the client already has the same bytes (RFC 9110 section 13.1.2). Removes the body for a
 * HEAD. Returns other responses unchanged.
 */
export function applyConditional(
  answer: HttpAnswer,
  { method, header }: HttpRequest,
  cacheControl: Exchange['cacheControl'] = 'no-cache',
): HttpAnswer {
  if (method !== 'GET' && method !== 'HEAD') return answer
  // If a response must not be stored, the client has no copy, so a tag would be useless.
  const isCacheable = answer.status === 200 && answer.headers['cache-control'] !== 'no-store'
  return withoutBodyOfHead(
    isCacheable ? withEtag(answer, cacheControl, header('if-none-match')) : answer,
    method,
  )
}

function withEtag(
  answer: HttpAnswer,
  cacheControl: Exchange['cacheControl'],
  ifNoneMatch: string | undefined,
): HttpAnswer {
  const etag = answer.headers['etag'] ?? etagOf(answer.body ?? '')
  const headers = { 'cache-control': cacheControl, ...answer.headers, etag }
  if (ifNoneMatch === undefined || !matchesEtag(ifNoneMatch, etag)) return { ...answer, headers }
  const { 'content-type': _, ...kept } = headers as Record<string, string>
  return { ...answer, status: 304, headers: kept, body: null }
}

function withoutBodyOfHead(answer: HttpAnswer, method: string): HttpAnswer {
  if (method !== 'HEAD' || answer.body === null) return answer
  return {
    ...answer,
    headers: { ...answer.headers, 'content-length': String(byteLengthOf(answer.body)) },
    body: null,
  }
}
