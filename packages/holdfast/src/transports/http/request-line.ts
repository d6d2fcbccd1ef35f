import { jsonMembers, type LogFields } from '../../kernel/base/log.ts'
import type { Route } from '../../kernel/operation/route.ts'
import type { Exchange } from './answer/exchange.ts'

/** An operation's result that many requests share. */
export interface OperationResult {
  readonly operation: string
  readonly route: Route
  readonly method: string
  readonly status: number
}

/** The log line of all requests that call the same operation with the same result. */
export class RequestLine {
  readonly message: string
  readonly result: OperationResult
  /** The JSON before the request id. */
  readonly before: string
  /** The JSON between the span id and the duration. */
  readonly between: string

  constructor(result: OperationResult) {
    const { operation, route, method, status } = result
    this.result = result
    this.message = `${method} ${route.path} ${status}`
    this.before = `,"operation":${JSON.stringify(operation)},"requestId":"`
    this.between = `","method":${JSON.stringify(method)},"route":${JSON.stringify(route.path)},"status":${status},"durationMs":`
  }

  /** Returns the fields of one request; `durationMs` is finite. */
  fieldsOf(exchange: Exchange, durationMs: number): LogFields {
    return new RequestFields(this, exchange, durationMs) as LogFields & RequestFields
  }
}

/** The fields of a request's log line. */
class RequestFields {
  readonly operation: string
  readonly requestId: string
  readonly traceId: string
  readonly spanId: string
  readonly method: string
  readonly route: string
  readonly status: number
  readonly durationMs: number
  readonly statements: number
  readonly #line: RequestLine

  constructor(line: RequestLine, { requestId, span, usage }: Exchange, durationMs: number) {
    const { operation, route, method, status } = line.result
    const { traceId, spanId } = span.trace
    this.#line = line
    this.operation = operation
    this.requestId = requestId
    this.traceId = traceId
    this.spanId = spanId
    this.method = method
    this.route = route.path
    this.status = status
    this.durationMs = durationMs
    this.statements = usage.statements
  }

  /** The ids consist of characters that JSON does not escape. */
  [jsonMembers](): string {
    const { before, between } = this.#line
    return `${before}${this.requestId}","traceId":"${this.traceId}","spanId":"${this.spanId}${between}${this.durationMs},"statements":${this.statements}`
  }
}
