import type { PageLinks } from '../pages/page-links.ts'
import { type BearerError, bearerErrorOf } from './bearer-error.ts'
import type { ProblemError } from '../problem/problem.ts'
import type { SecuritySchemes } from './security-scheme.ts'

/** The answer to a call, ready to be sent by any transport and to be stored byte for byte. */
export interface Answer {
  /** The HTTP status. */
  readonly status: number
  /** Lower-case header names and their values. */
  readonly headers: Readonly<Record<string, string>>
  /** JSON text; `null` if there is no content. */
  readonly body: string | null
  /** The values of `Set-Cookie`. They are stored only with sealed answers. Default: none. */
  readonly cookies?: readonly string[]
  /** Links to other pages of the list, for a transport that can send them. */
  readonly links?: PageLinks
  /**
   * The security schemes of the rejected credentials, if an identifier has rejected the call. A
   * transport can send a challenge for them.
   */
  readonly refusedSchemes?: SecuritySchemes
  /** The parameters of the challenge for a bearer token that is valid but insufficient. */
  readonly bearerError?: BearerError
}

/** The media type of an answer. */
export const jsonType = 'application/json'
/** The media type of a problem (RFC 9457). */
const problemType = 'application/problem+json'

/** The properties of a call that its problem includes. */
export interface ProblemHost {
  readonly requestId: string
  /** The URI or path that precedes the code in a problem's `type`; it ends in a slash. */
  readonly problemTypeBase: string
}

/**
 * Returns a problem as an answer: `application/problem+json` with the members of RFC 9457, the
 * problem's code and the request id.
 */
export function toAnswer(problem: ProblemError, { requestId, problemTypeBase }: ProblemHost): Answer {
  const body = {
    // The extra members come first, so that they cannot replace a standard member.
    ...problem.extra,
    type: problemTypeBase + problem.code,
    title: problem.problem.title,
    status: problem.status,
    ...(problem.detail === undefined ? {} : { detail: problem.detail }),
    code: problem.code,
    requestId,
  }
  const answer = {
    status: problem.status,
    headers: { 'content-type': problemType, ...problem.headers },
    body: JSON.stringify(body),
  }
  // ProblemError cannot name this type, because its room must not import this one.
  const refusedSchemes = problem.refusedSchemes as SecuritySchemes | undefined
  const bearerError = bearerErrorOf(problem)
  if (!refusedSchemes && !bearerError) return answer
  return {
    ...answer,
    ...(refusedSchemes ? { refusedSchemes } : {}),
    ...(bearerError ? { bearerError } : {}),
  }
}
