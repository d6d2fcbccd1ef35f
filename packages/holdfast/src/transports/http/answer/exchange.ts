import type { Route } from '../../../kernel/operation/route.ts'
import type { Span } from '../../../kernel/telemetry/span.ts'
import { toTraceparent } from '../../../kernel/telemetry/trace-context.ts'
import type { Usage } from '../../../kernel/host/work.ts'
import type { HttpAnswer } from './http-answer.ts'
import type { SecurityHeaders } from './security-headers.ts'

/** A request and its response in progress. */
export interface Exchange {
  /** Returned in the response. */
  readonly requestId: string
  /** The request's span; its trace context is returned in the response. */
  readonly span: Span
  /** The resources that the request's call uses. */
  readonly usage: Usage
  /** The start time, in milliseconds since the process started. */
  readonly startedMs: number
  /** The matched route, once it is known. */
  route: Route | undefined
  /** The name of the called operation, once it is known. */
  operation: string | undefined
  /** The `Cache-Control` of a 200 response to a GET, unless the response sets it. */
  cacheControl: 'no-cache' | 'private, no-cache'
}

/** Returns a response with the headers that every response has. */
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
    ...(answer.cookies ? { cookies: answer.cookies } : {}),
  }
}
