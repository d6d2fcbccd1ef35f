import type { CorsPolicy } from '../../../kernel/service/cors.ts'
import { isToken } from '../../../kernel/operation/http-token.ts'
import type { HttpRequest } from '../request/http-request.ts'
import type { HttpAnswer } from './http-answer.ts'

/*
 * Cross-origin resource sharing (Fetch standard section 3.3). Browsers enforce the policy: they let
 * a page on another origin read a response only if its headers name that origin. Before a request
 * that a form could not send, they ask with a preflight request (OPTIONS).
 *
 * - A request from an origin that is not listed gets the same response without these headers.
 * - Every response varies with `Origin`, including those to requests without one, so that a cache
 *   never returns the response for one origin to another.
 */

/** The part of a request that CORS reads. */
type Header = HttpRequest['header']

/** Adds the CORS headers of a service to its responses. */
export interface Cors {
  /** Returns the response to an `OPTIONS` request for a path whose methods are `allow`. */
  preflight(answer: HttpAnswer, allow: string, header: Header): HttpAnswer
  /** Returns a response with the headers that let pages of a listed origin read it. */
  share(answer: HttpAnswer, header: Header): HttpAnswer
}

// More names than any page needs. Without this limit, a request could make its response very large.
const maxRequestedHeaders = 64

/** Creates the CORS headers of a service from its policy. */
export function createCors({ origins, credentials, maxAgeSeconds }: CorsPolicy): Cors {
  /** Returns the headers that admit the origin of a request; `undefined` if it is not admitted. */
  function admit(header: Header): Record<string, string> | undefined {
    const origin = header('origin')
    if (origin === undefined) return undefined
    if (origins === '*') return { 'access-control-allow-origin': '*' }
    if (!origins.has(origin)) return undefined
    return {
      'access-control-allow-origin': origin,
      ...(credentials ? { 'access-control-allow-credentials': 'true' } : {}),
    }
  }

  const withVary = (answer: HttpAnswer): HttpAnswer => (origins === '*' ? answer : varying(answer, 'Origin'))

  return {
    preflight(answer, allow, header) {
      const admitted = header('access-control-request-method') === undefined ? undefined : admit(header)
      if (!admitted) return answer
      const requested = requestedHeaders(header)
      return varying(
        {
          ...answer,
          headers: {
            ...answer.headers,
            ...admitted,
            'access-control-allow-methods': allow,
            ...(requested === '' ? {} : { 'access-control-allow-headers': requested }),
            'access-control-max-age': String(maxAgeSeconds),
          },
        },
        'Access-Control-Request-Headers',
      )
    },
    share(answer, header) {
      const admitted = admit(header)
      if (!admitted) return withVary(answer)
      const exposed = Object.keys(answer.headers).filter((name) => !alwaysReadable.has(name))
      return withVary({
        ...answer,
        headers: { ...answer.headers, ...admitted, 'access-control-expose-headers': exposed.join(', ') },
      })
    },
  }
}

/**
 * Returns the header names requested by a preflight request. A listed origin may send any header,
 * since the service does not know which headers its identifiers read.
 */
function requestedHeaders(header: Header): string {
  const names = (header('access-control-request-headers') ?? '').split(',').map((name) => name.trim())
  return names.length <= maxRequestedHeaders && names.every((name) => isToken(name)) ? names.join(', ') : ''
}

function varying(answer: HttpAnswer, name: string): HttpAnswer {
  const { vary } = answer.headers
  return { ...answer, headers: { ...answer.headers, vary: vary === undefined ? name : `${vary}, ${name}` } }
}

/** Headers that pages can read without permission, and those that only browsers use. */
const alwaysReadable: ReadonlySet<string> = new Set([
  'cache-control',
  'content-language',
  'content-length',
  'content-type',
  'expires',
  'last-modified',
  'pragma',
  'content-security-policy',
  'cross-origin-resource-policy',
  'strict-transport-security',
  'vary',
  'x-content-type-options',
  'access-control-allow-origin',
  'access-control-allow-credentials',
  'access-control-allow-methods',
  'access-control-allow-headers',
  'access-control-max-age',
])
