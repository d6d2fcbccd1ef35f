import { toAnswer } from '../../kernel/operation/answer.ts'
import type { ProblemError } from '../../kernel/problem/problem.ts'
import { NotReady, Unavailable } from '../../kernel/problem/problems.ts'
import { unrecordedSpan } from '../../kernel/telemetry/span.ts'
import { continueTrace } from '../../kernel/telemetry/trace-context.ts'
import { newUsage } from '../../kernel/host/work.ts'
import { applyConditional } from '../http/answer/conditional.ts'
import { type Exchange, withExchangeHeaders } from '../http/answer/exchange.ts'
import type { Health } from '../http/health.ts'
import type { HttpRequest } from '../http/request/http-request.ts'
import { createSecurityHeaders } from '../http/answer/security-headers.ts'
import { readRequestId } from '../http/request/request-id.ts'
import { toPass } from './readiness.ts'

/**
 * Returns the handler for requests that arrive while a service starts: it reports the process as
 * live but not ready. A start takes as long as its migrations. Without this handler, a liveness
 * probe would kill the process in the middle of a long start.
 */
export function startingHandler(problemTypeBase: string): Health['starting'] {
  const security = createSecurityHeaders()
  const refuse: Health['starting']['refuse'] = (problem, request) => {
    const exchange = beginExchange(request?.header ?? (() => undefined))
    return withExchangeHeaders(
      toAnswer(problem, { requestId: exchange.requestId, problemTypeBase }),
      exchange,
      security,
    )
  }

  return {
    refuse,
    async answer(request) {
      const isRead = request.method === 'GET' || request.method === 'HEAD'
      const [path] = request.target.split('?', 1)
      if (isRead && path === '/health/live') {
        return withExchangeHeaders(
          applyConditional(toPass(), request),
          beginExchange(request.header),
          security,
        )
      }
      return applyConditional(refuse(toProblem(path), request), request)
    },
  }
}

function toProblem(path: string | undefined): ProblemError {
  const occurrence = { detail: 'The service is starting.' }
  return path === '/health/ready' ? NotReady(occurrence) : Unavailable(occurrence)
}

/**
 * These requests are not in logs, metrics or traces, because the service that reports them has not
 * started yet.
 */
function beginExchange(header: HttpRequest['header']): Exchange {
  return {
    requestId: readRequestId(header('x-request-id')),
    span: unrecordedSpan(continueTrace(header('traceparent'))),
    usage: newUsage(),
    startedMs: performance.now(),
    route: undefined,
    operation: undefined,
    cacheControl: 'no-cache',
  }
}
