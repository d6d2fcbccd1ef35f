import { knownMethods } from '../../kernel/operation/known-methods.ts'
import type { LogFields } from '../../kernel/base/log.ts'
import type { Route } from '../../kernel/operation/route.ts'
import type { RunningService } from '../../kernel/service/service.ts'
import type { Attributes } from '../../kernel/telemetry/span.ts'
import { type HistogramSeries, noTelemetry } from '../../kernel/telemetry/telemetry.ts'
import { newUsage } from '../../kernel/host/work.ts'
import type { Exchange } from './answer/exchange.ts'
import type { HttpAnswer } from './answer/http-answer.ts'
import type { HttpRequest } from './request/http-request.ts'
import { readRequestId } from './request/request-id.ts'
import { createShowPath } from './request/url-path.ts'

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

// As the semantic conventions recommend (http.server.request.duration).
const durationBounds = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]

type ObservedRequest = Pick<HttpRequest, 'method'> & Partial<Pick<HttpRequest, 'target' | 'connection'>>

const unroutedAttributes: Attributes = { 'url.scheme': 'http' }

/** Returns the observer of a service's requests. */
export function observeExchanges({
  operations,
  isSensitive,
  host,
  requestLog: log,
}: RunningService): ExchangeObserver {
  const { telemetry = noTelemetry } = host
  const duration = telemetry.histogram({
    name: 'http.server.request.duration',
    description: 'Duration of HTTP server requests.',
    unit: 's',
    bounds: durationBounds,
  })
  const showPath = createShowPath(
    Array.from(operations.values(), ({ route }) => route),
    isSensitive,
  )
  const described = new Map<Route, Attributes>()
  const series = new Map<Route | undefined, Map<string, HistogramSeries>>()

  function seriesOf(route: Route | undefined, method: string, status: number): HistogramSeries {
    let ofRoute = series.get(route)
    if (!ofRoute) series.set(route, (ofRoute = new Map<string, HistogramSeries>()))
    const known = ofRoute.get(method + status)
    if (known) return known
    const made = duration.with({
      'http.request.method': method,
      'url.scheme': 'http',
      'http.response.status_code': status,
      ...(route ? { 'http.route': route.path } : {}),
      ...(status >= 500 ? { 'error.type': String(status) } : {}),
    })
    ofRoute.set(method + status, made)
    return made
  }

  return {
    begin(header) {
      return {
        requestId: readRequestId(header('x-request-id')),
        span: telemetry.beginTrace('server', header('traceparent'), header('tracestate')),
        usage: newUsage(),
        startedMs: performance.now(),
        route: undefined,
        operation: undefined,
        cacheControl: 'no-cache',
      }
    },

    route(exchange, route, operation) {
      exchange.route = route
      exchange.operation = operation
      let attributes = described.get(route)
      if (!attributes) {
        attributes = {
          'http.request.method': route.method,
          'http.route': route.path,
          'url.scheme': 'http',
          ...(operation === undefined ? {} : { 'holdfast.operation': operation }),
        }
        described.set(route, attributes)
      }
      exchange.span.describe(`${route.method} ${route.path}`, attributes)
    },

    end(exchange, { status }, request) {
      const { span, route } = exchange
      const durationMs = performance.now() - exchange.startedMs
      const method = knownMethods.has(request.method) ? request.method : '_OTHER'
      if (span.isRecording) describeRequest(exchange, request, method)
      span.set('http.response.status_code', status)
      if (status >= 500) span.fail(String(status))
      span.end()
      seriesOf(route, method, status).record(durationMs / 1_000, span)
      logLine(exchange, { method, status, durationMs })
    },
  }

  function describeRequest(
    { span, route }: Exchange,
    { method: sent, target, connection }: ObservedRequest,
    method: string,
  ): void {
    if (!route) span.describe(method === '_OTHER' ? 'HTTP' : method, unroutedAttributes)
    else if (method !== route.method) span.rename(`${method} ${route.path}`)
    if (method !== route?.method) span.set('http.request.method', method)
    if (method === '_OTHER' && sent !== '') span.set('http.request.method_original', sent)
    const path = target === undefined ? undefined : showPath(target, route)
    if (path !== undefined) span.set('url.path', path)
    if (!connection) return
    span.set('network.protocol.version', connection.protocolVersion)
    if (connection.peerAddress !== undefined) span.set('network.peer.address', connection.peerAddress)
    if (connection.peerPort !== undefined) span.set('network.peer.port', connection.peerPort)
  }

  function logLine(
    { span, route, operation, usage, requestId }: Exchange,
    {
      method,
      status,
      durationMs,
    }: { readonly method: string; readonly status: number; readonly durationMs: number },
  ): void {
    // Pages are requested by machines all the time: probes and metrics collectors.
    const level = route !== undefined && operation === undefined ? 'debug' : 'info'
    if (log.isLevelEnabled?.(level) === false) return
    const { traceId, spanId } = span.trace
    const path = route?.path
    const rounded = Math.round(durationMs * 1_000) / 1_000
    const fields: LogFields =
      operation === undefined
        ? { requestId, traceId, spanId, method, route: path, status, durationMs: rounded }
        : {
            operation,
            requestId,
            traceId,
            spanId,
            method,
            route: path,
            status,
            durationMs: rounded,
            statements: usage.statements,
          }
    log[level](fields, `${method} ${path ?? '(no route)'} ${status}`)
  }
}
