import type { PageLinks } from './page-links.ts'
import type { ProblemError } from './problem.ts'

/** What a call comes to, ready to be sent by any transport and to be stored byte for byte. */
export interface Answer {
  /** HTTP status. */
  readonly status: number
  /** Lower-case header names and their values. */
  readonly headers: Readonly<Record<string, string>>
  /** JSON text; `null` where there is no content. */
  readonly body: string | null
  /** Where other pages of the list are, for a transport that has a place for that. */
  readonly links?: PageLinks
}

/** Media type of an answer. */
export const jsonType = 'application/json'
/** Media type of a problem (RFC 9457). */
const problemType = 'application/problem+json'

/** What a problem needs to know of the call that it answers. */
export interface ProblemSurroundings {
  readonly requestId: string
  /** The URI, or the start of a path, before the code in a problem's `type`; it ends in a slash. */
  readonly problemBase: string
}

/** A problem as an answer: `application/problem+json` with its code and the request id beside RFC 9457's members. */
export function toAnswer(problem: ProblemError, { requestId, problemBase }: ProblemSurroundings): Answer {
  const body = {
    // First, so that no member of its own stands in for one that every problem has.
    ...problem.extra,
    type: problemBase + problem.code,
    title: problem.problem.title,
    status: problem.status,
    ...(problem.detail === undefined ? {} : { detail: problem.detail }),
    code: problem.code,
    requestId,
  }
  return {
    status: problem.status,
    headers: { 'content-type': problemType, ...problem.headers },
    body: JSON.stringify(body),
  }
}
