import { toAnswer } from '../../kernel/operation/answer.ts'
import { toLogFields } from '../../kernel/base/log.ts'
import { ProblemError } from '../../kernel/problem/problem.ts'
import { InternalError, MethodNotAllowed, RouteNotFound } from '../../kernel/problem/problems.ts'
import type { RunningService } from '../../kernel/service/service.ts'
import { settle } from '../../kernel/base/thenable.ts'
import { type CallInFlight, callOperation } from './call-operation.ts'
import { applyConditional } from './answer/conditional.ts'
import { createCors } from './answer/cors-headers.ts'
import { type Exchange, withExchangeHeaders } from './answer/exchange.ts'
import type { HttpAnswer } from './answer/http-answer.ts'
import { fromRequest, type HttpRequest } from './request/http-request.ts'
import { observeExchanges } from './observe.ts'
import { problemPages } from './answer/problem-pages.ts'
import type { Pages, Responder } from './responder.ts'
import { toRouteEntry } from './capability-page.ts'
import { createRouteTable } from './route-table.ts'
import { createSecurityHeaders, type SecurityHeaderOptions } from './answer/security-headers.ts'
import { parseTarget } from './request/target.ts'

/** The default max length of a request body: 1 MiB. */
export const defaultBodyLimitBytes = 1_048_576

/** Options of {@link createHandler}. */
export interface HandlerOptions extends SecurityHeaderOptions {
  /** Max length of a request body, in bytes. A longer body is rejected with 413. Default 1 MiB. */
  readonly bodyLimitBytes?: number
  /**
   * Further pages of the service, besides its operations and the pages of its problems. Default:
   * none.
   */
  readonly pages?: Pages
}

/** The parts of a request that can be read before its body. */
export type RequestHead = Pick<HttpRequest, 'method' | 'header'> &
  Partial<Pick<HttpRequest, 'target' | 'connection'>>

const unreadable: RequestHead = { method: '', header: () => undefined }

/** Answers HTTP requests with a service. */
export interface Handler {
  /** Answers a Fetch request. Never rejects: every failure is a response. */
  readonly fetch: (request: Request) => Promise<Response>
  /**
   * Answers a request in the handler's own form. A runtime that has no Fetch request avoids the
   * cost of creating one. Returns the answer without a promise if there was nothing to wait for.
   */
  readonly answer: (request: HttpRequest) => HttpAnswer | Promise<HttpAnswer>
  /**
   * Returns the response to a request that the runtime itself rejects, given the parts of the
   * request that could be read.
   */
  readonly refuse: (problem: ProblemError, request?: RequestHead) => HttpAnswer
  /** The calls in progress. */
  readonly callsInFlight: ReadonlySet<CallInFlight>
}

/**
 * Creates the HTTP handler of a service, for any runtime.
 *
 * @example
 * ```ts
 * await using tested = await createTestService(shop)
 * const handler = createHandler(tested.running)
 *
 * const response = await handler.fetch(new Request('http://localhost/orders'))
 * ```
 */
export function createHandler(running: RunningService, options: HandlerOptions = {}): Handler {
  const { bodyLimitBytes = defaultBodyLimitBytes, pages = () => [] } = options
  const security = createSecurityHeaders(options)
  const cors = running.cors && createCors(running.cors)
  const callsInFlight = new Set<CallInFlight>()
  const observer = observeExchanges(running)
  const table = createRouteTable<Responder>(
    [...running.operations.values()].map((operation) => ({
      route: operation.route,
      operation: operation.name,
      target: callOperation(operation, { running, bodyLimitBytes, callsInFlight }),
    })),
    [...problemPages(running), ...running.pages.map(toRouteEntry), ...pages(running)],
  )

  function respond(request: HttpRequest, exchange: Exchange): HttpAnswer | Promise<HttpAnswer> {
    if (request.method === 'OPTIONS' && request.target === '*') return toAllowed(table.allowAny)
    const { path, query } = parseTarget(request.target)
    const match = table.find(request.method, path)
    if (match) {
      const { entry, parameters } = match
      observer.route(exchange, entry.route, entry.operation)
      return entry.target(request, { exchange, query, parameters })
    }
    const allow = table.allow(path)
    if (allow === '') throw RouteNotFound()
    if (request.method === 'OPTIONS')
      return cors ? cors.preflight(toAllowed(allow), allow, request.header) : toAllowed(allow)
    throw notAllowed(request.method, allow)
  }

  function answer(request: HttpRequest): HttpAnswer | Promise<HttpAnswer> {
    const exchange = observer.begin(request.header)
    const finish = (made: HttpAnswer): HttpAnswer => {
      const answered = applyConditional(made, request, exchange.cacheControl)
      observer.end(exchange, answered, request)
      return complete(answered, exchange, request)
    }
    return settle(
      () => respond(request, exchange),
      finish,
      (error) => finish(toFailure(error, exchange, running)),
    )
  }

  function refuse(problem: ProblemError, request: RequestHead = unreadable): HttpAnswer {
    const exchange = observer.begin(request.header)
    const answered = toFailure(problem, exchange, running)
    observer.end(exchange, answered, request)
    return complete(answered, exchange, request)
  }

  /** Adds the headers that responses have regardless of the operation. */
  function complete(answered: HttpAnswer, exchange: Exchange, { header }: RequestHead): HttpAnswer {
    const completed = withExchangeHeaders(answered, exchange, security)
    return cors ? cors.share(completed, header) : completed
  }

  return {
    fetch: async (request) => toResponse(await answer(fromRequest(request))),
    answer,
    refuse,
    callsInFlight,
  }
}

/** Returns the answer to a failed request. */
function toFailure(
  error: unknown,
  { requestId }: Exchange,
  { problemTypeBase, host }: RunningService,
): HttpAnswer {
  if (error instanceof ProblemError) return toAnswer(error, { requestId, problemTypeBase })
  host.log.error({ requestId, error: toLogFields(error) }, 'handling a request failed')
  return toAnswer(InternalError(), { requestId, problemTypeBase })
}

function toAllowed(allow: string): HttpAnswer {
  return { status: 204, headers: { allow }, body: null }
}

function notAllowed(method: string, allow: string): ProblemError {
  return new ProblemError(MethodNotAllowed, {
    detail: `The path does not support ${method}. It supports ${allow}.`,
    extra: {},
    headers: { allow },
  })
}

/** Converts an HTTP answer to a Fetch response. */
function toResponse({ status, headers, body, cookies = [] }: HttpAnswer): Response {
  // The cast is safe: the bytes are never in a `SharedArrayBuffer`.
  const response = new Response(body as string | Uint8Array<ArrayBuffer> | null, { status, headers })
  for (const cookie of cookies) response.headers.append('set-cookie', cookie)
  return response
}
