import type { ProblemWithWrites } from '../problem/keep-writes.ts'
import type { SetCookie } from './cookie.ts'
import type { Redirect } from './redirects.ts'

/** Options of {@link respond}. */
export interface ResponseParts {
  /**
   * Response headers and their values, in visible ASCII. The operation must declare each header in
   * its option `headers`. Default: none.
   */
  readonly headers?: Readonly<Record<string, string>>
  /**
   * Cookies to set and to delete: `[session.set(id)]`. The operation must declare each cookie in
   * its option `cookies`. Default: none.
   */
  readonly cookies?: readonly SetCookie[]
  /**
   * The target of the call's entry in the trail, such as `account:42`, if only the handler knows
   * it; or false, to add no entry for a call that changed nothing. Default: the result of the
   * option `trail` of the operation.
   */
  readonly trail?: string | false
}

/** The output of a handler with response headers and cookies. Create it with {@link respond}. */
export class HandlerResponse<out Output> {
  readonly #output: Output
  readonly #parts: ResponseParts

  constructor(output: Output, parts: ResponseParts) {
    this.#output = output
    this.#parts = parts
  }

  /** Returns the output with its headers and cookies. */
  static partsOf<Output>(response: HandlerResponse<Output>): ResponseParts & { readonly output: Output } {
    return { ...response.#parts, output: response.#output }
  }
}

/**
 * The return value of a handler: its output, or a redirect, alone or with headers and cookies; or a
 * problem that keeps the writes of a mutation.
 */
export type HandlerResult<Output> = Output | Redirect | HandlerResponse<Output | Redirect> | ProblemWithWrites

/**
 * Adds response headers and cookies to the output of a handler, or to its redirect.
 *
 * The headers of a mutation are stored with its idempotency key, and sent again with a replay.
 * Cookies are not stored: a replay has none.
 *
 * @example
 * ```ts
 * query({
 *   route: 'GET /rates',
 *   access: anyone('exchange rates are public'),
 *   output: z.object({ usd: z.number() }),
 *   headers: { 'X-Source': 'The exchange that published the rates.' },
 *   run: () => respond({ usd: 1.08 }, { headers: { 'X-Source': 'ECB' } }),
 * })
 * ```
 */
export function respond<Output>(output: Output, parts: ResponseParts): HandlerResponse<Output> {
  return new HandlerResponse(output, parts)
}
