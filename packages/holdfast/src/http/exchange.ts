import type { Route } from '../kernel/route.ts'
import type { Span } from '../kernel/span.ts'
import { toTraceparent } from '../kernel/trace-context.ts'
import type { Usage } from '../kernel/work.ts'
import type { HttpAnswer } from './http-answer.ts'
import type { SecurityHeaders } from './security-headers.ts'

/** One request on its way to its answer. */
export interface Exchange {
  /** Goes back with the answer. */
  readonly requestId: string
  /** The request's span; where it stands in its trace goes back with the answer. */
  readonly span: Span
  /** What its call uses. */
  readonly usage: Usage
  /** When it began, in milliseconds since the process began. */
  readonly startedMs: number
  /** The route that it takes, once that is found. */
  route: Route | undefined
  /** The operation that it calls, once that is known. */
  operation: string | undefined
  /** The `Cache-Control` of a 200 to a GET, unless the answer has its own. */
  cacheControl: 'no-cache' | 'private, no-cache'
}

/** An answer with the headers that every answer has. */
export function withExchangeHeaders(
  answer: HttpAnswer,
  { requestId, span }: Exchange,
  security: SecurityHeaders,
): HttpAnswer {
  return {
    status: answer.status,
    headers: {
      ...security,
      ...answer.headers,
      'x-request-id': requestId,
      traceparent: toTraceparent(span.trace),
    },
    body: answer.body,
  }
}
