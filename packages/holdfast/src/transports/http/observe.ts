import { knownMethods } from '../../kernel/operation/known-methods.ts'
import type { Level, Logger } from '../../kernel/base/log.ts'
import type { Route } from '../../kernel/operation/route.ts'
import type { RunningService } from '../../kernel/service/service.ts'
import type { Attributes } from '../../kernel/telemetry/span.ts'
import {
  type Histogram,
  type HistogramSeries,
  noTelemetry,
  type Telemetry,
} from '../../kernel/telemetry/telemetry.ts'
import { newUsage } from '../../kernel/host/work.ts'
import type { Exchange } from './answer/exchange.ts'
import type { HttpAnswer } from './answer/http-answer.ts'
import type { HttpRequest } from './request/http-request.ts'
import { RequestLine } from './request-line.ts'
import { readRequestId } from './request/request-id.ts'
import { createShowPath, type ShowPath } from './request/url-path.ts'

/** Observes the requests of a service from start to end: spans, metrics and log lines. */
export interface ExchangeObserver {
  /**
   * Starts the exchange of a request, with the caller's request id and trace if they are
   * well-formed.
   */
  begin(header: HttpRequest['header']): Exchange
  /** Sets the route and operation of a request, once they are known. */
  route(exchange: Exchange, route: Route, operation: string | undefined): void
  /** Ends an exchange: ends its span, records its duration and logs its line. */
  end(exchange: Exchange, answer: Pick<HttpAnswer, 'status'>, request: ObservedRequest): void
}

// The bounds that the semantic conventions recommend for `http.server.request.duration`, in
// seconds.
const durationBounds = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]

type ObservedRequest = Pick<HttpRequest, 'method'> & Partial<Pick<HttpRequest, 'target' | 'connection'>>

/** Returns the observer of a service's requests. */
export function observeExchanges(running: RunningService): ExchangeObserver {
  return new ServiceObserver(running)
}

class ServiceObserver implements ExchangeObserver {
  readonly #telemetry: Telemetry
  readonly #log: Logger
  readonly #showPath: ShowPath
  readonly #duration: Histogram
  /** The span attributes of each route. */
  readonly #attributes = new Map<Route, Attributes>()
  /** For each route, the parts that its requests share, by status and method. */
  readonly #kinds = new Map<Route | undefined, Map<number, Map<string, ExchangeKind>>>()

  constructor({ operations, isSensitive, host, requestLog }: RunningService) {
    this.#telemetry = host.telemetry ?? noTelemetry
    this.#log = requestLog
    const routes = Array.from(operations.values(), ({ route }) => route)
    this.#showPath = createShowPath(routes, isSensitive)
    this.#duration = this.#telemetry.histogram({
      name: 'http.server.request.duration',
      description: 'Duration of HTTP server requests.',
      unit: 's',
      bounds: durationBounds,
    })
  }

  begin(header: HttpRequest['header']): Exchange {
    return {
      requestId: readRequestId(header('x-request-id')),
      span: this.#telemetry.beginTrace('server', header('traceparent'), header('tracestate')),
      usage: newUsage(),
      startedMs: performance.now(),
      route: undefined,
      operation: undefined,
      cacheControl: 'no-cache',
    }
  }

  route(exchange: Exchange, route: Route, operation: string | undefined): void {
    exchange.route = route
    exchange.operation = operation
    let attributes = this.#attributes.get(route)
    if (!attributes) this.#attributes.set(route, (attributes = attributesOf(route, operation)))
    exchange.span.describe(`${route.method} ${route.path}`, attributes)
  }

  end(exchange: Exchange, { status }: Pick<HttpAnswer, 'status'>, request: ObservedRequest): void {
    const { span } = exchange
    const endedMs = performance.now()
    const durationMs = endedMs - exchange.startedMs
    const method = knownMethods.has(request.method) ? request.method : '_OTHER'
    if (span.isRecording) this.#describe(exchange, request, method)
    span.set('http.response.status_code', status)
    if (status >= 500) span.fail(String(status))
    span.end(endedMs)
    const kind = this.#kindOf(exchange, method, status)
    kind.series.record(durationMs / 1_000, span, endedMs)
    this.#logLine(exchange, kind, { method, status, durationMs })
  }

  #describe(
    { span, route }: Exchange,
    { method: sent, target, connection }: ObservedRequest,
    method: string,
  ): void {
    if (!route) span.describe(method === '_OTHER' ? 'HTTP' : method, unroutedAttributes)
    else if (method !== route.method) span.rename(`${method} ${route.path}`)
    if (method !== route?.method) span.set('http.request.method', method)
    if (method === '_OTHER' && sent !== '') span.set('http.request.method_original', sent)
    const path = target === undefined ? undefined : this.#showPath(target, route)
    if (path !== undefined) span.set('url.path', path)
    if (!connection) return
    span.set('network.protocol.version', connection.protocolVersion)
    if (connection.peerAddress !== undefined) span.set('network.peer.address', connection.peerAddress)
    if (connection.peerPort !== undefined) span.set('network.peer.port', connection.peerPort)
  }

  #kindOf({ route, operation }: Exchange, method: string, status: number): ExchangeKind {
    let ofRoute = this.#kinds.get(route)
    if (!ofRoute) this.#kinds.set(route, (ofRoute = new Map<number, Map<string, ExchangeKind>>()))
    let ofStatus = ofRoute.get(status)
    if (!ofStatus) ofRoute.set(status, (ofStatus = new Map<string, ExchangeKind>()))
    const known = ofStatus.get(method)
    if (known) return known
    const series = this.#duration.with({
      'http.request.method': method,
      'url.scheme': 'http',
      'http.response.status_code': status,
      ...(route ? { 'http.route': route.path } : {}),
      ...(status >= 500 ? { 'error.type': String(status) } : {}),
    })
    const isCall = route !== undefined && operation !== undefined
    const made = { series, line: isCall ? new RequestLine({ operation, route, method, status }) : undefined }
    ofStatus.set(method, made)
    return made
  }

  #logLine(exchange: Exchange, { line }: ExchangeKind, result: ExchangeResult): void {
    const { route } = exchange
    // A request for a page is logged at `debug`, because probes and metrics collectors request
    // pages all the time.
    const level = route !== undefined && line === undefined ? 'debug' : 'info'
    if (this.#log.isLevelEnabled?.(level) === false) return
    const durationMs = Math.round(result.durationMs * 1_000) / 1_000
    if (line) this.#log[level](line.fieldsOf(exchange, durationMs), line.message)
    else this.#logOther(level, exchange, { ...result, durationMs })
  }

  /** Logs the line of a request that calls no operation. */
  #logOther(
    level: Level,
    { requestId, span, route }: Exchange,
    { method, status, durationMs }: ExchangeResult,
  ): void {
    const { traceId, spanId } = span.trace
    const path = route?.path
    this.#log[level](
      { requestId, traceId, spanId, method, route: path, status, durationMs },
      `${method} ${path ?? '(no route)'} ${status}`,
    )
  }
}

/** The parts shared by all requests with the same route, method and status. */
interface ExchangeKind {
  readonly series: HistogramSeries
  /** `undefined` if the requests call no operation. */
  readonly line: RequestLine | undefined
}

/** The result of an exchange, for its metric and its log line. */
interface ExchangeResult {
  readonly method: string
  readonly status: number
  readonly durationMs: number
}

const unroutedAttributes: Attributes = { 'url.scheme': 'http' }

function attributesOf(route: Route, operation: string | undefined): Attributes {
  return {
    'http.request.method': route.method,
    'http.route': route.path,
    'url.scheme': 'http',
    ...(operation === undefined ? {} : { 'holdfast.operation': operation }),
  }
}
