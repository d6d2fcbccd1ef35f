import type { IncomingMessage } from 'node:http'
import type { ProblemError } from '../../../kernel/problem/problem.ts'
import { BadRequest } from '../../../kernel/problem/problems.ts'

// A host name or IP address with an optional port. No user info, path, whitespace or list (RFC 9112
// section 3.2).
const form = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~-]+)(?::\d{1,5})?$/

/**
 * Returns the rejection of a request whose `Host` header is missing or malformed; `undefined` if
 * the header is valid. Such requests are rejected because a proxy may have used the header to route
 * them.
 */
export function checkHost({ headers, httpVersion }: IncomingMessage): ProblemError | undefined {
  const { host } = headers
  if (host === undefined) {
    return httpVersion === '1.0' ? undefined : BadRequest({ detail: 'The request has no Host header.' })
  }
  return form.test(host)
    ? undefined
    : BadRequest({ detail: 'The Host header must be one host with an optional port.' })
}
