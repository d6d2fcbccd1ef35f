import type { RunningService } from '../kernel/service.ts'
import type { Exchange } from './exchange.ts'
import type { HttpAnswer } from './http-answer.ts'
import type { HttpRequest } from './http-request.ts'
import type { RouteEntry } from './route-table.ts'

/** What is known of a request once its route has been found. */
export interface Routed {
  readonly exchange: Exchange
  /** The path's parameters, still percent-encoded. */
  readonly parameters: Readonly<Record<string, string>>
  /** The query string, without its question mark. */
  readonly query: string
}

/** Answers the requests of one route. Throws problems. */
export type Responder = (request: HttpRequest, routed: Routed) => HttpAnswer | Promise<HttpAnswer>

/**
 * Pages that are made of a service: routes beside those of its operations, with what answers them. Where an operation has the
 * same route, the operation answers. They are as conditional as a query is: `ETag`, `If-None-Match`, HEAD.
 */
export type Pages = (running: RunningService) => readonly RouteEntry<Responder>[]
