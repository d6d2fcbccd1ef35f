import type { Answer } from '../kernel/answer.ts'
import { continueTrace, toTraceparent, type TraceContext } from '../kernel/trace-context.ts'
import type { HttpRequest } from './http-request.ts'
import { readRequestId } from './request-id.ts'

/** What identifies one request and goes back with its answer. */
export interface Exchange {
  readonly requestId: string
  readonly trace: TraceContext
}

/** Begins an exchange, with the caller's request id and trace where it sent them well-formed. */
export function beginExchange(header: HttpRequest['header']): Exchange {
  return { requestId: readRequestId(header('x-request-id')), trace: continueTrace(header('traceparent')) }
}

/** An answer with the headers that every answer has. */
export function withExchangeHeaders(answer: Answer, { requestId, trace }: Exchange): Answer {
  return {
    ...answer,
    headers: {
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      ...answer.headers,
      'x-request-id': requestId,
      traceparent: toTraceparent(trace),
    },
  }
}
