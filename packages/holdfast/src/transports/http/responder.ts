import type { RunningService } from '../../kernel/service/service.ts'
import type { Exchange } from './answer/exchange.ts'
import type { HttpAnswer } from './answer/http-answer.ts'
import type { HttpRequest } from './request/http-request.ts'
import type { RouteEntry } from './route-table.ts'

/** The parts of a request that are known once its route has been matched. */
export interface Routed {
  readonly exchange: Exchange
  /** The path parameters, still percent-encoded. */
  readonly parameters: Readonly<Record<string, string>>
  /** The query string, without its question mark. */
  readonly query: string
}

/** Answers the requests of one route. Throws problems. */
export type Responder = (request: HttpRequest, routed: Routed) => HttpAnswer | Promise<HttpAnswer>

/**
 * Returns the pages of a service: routes with their responders, in addition to the routes of its
 * operations. If an operation has the same route, the operation takes precedence. Like queries,
 * pages support conditional requests: `ETag`, `If-None-Match`, HEAD.
 */
export type Pages = (running: RunningService) => readonly RouteEntry<Responder>[]
