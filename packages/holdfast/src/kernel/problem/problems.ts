import { type CheckReports, checkReportsSchema } from './check-report.ts'
import { type AnyProblem, type Problem, problem, type ProblemWith } from './problem.ts'
import { described } from '../schema/schema.ts'

/** The request is malformed: invalid JSON, an invalid percent escape, or a malformed header. */
export const BadRequest: Problem<'bad-request'> = problem('bad-request', {
  status: 400,
  title: 'Malformed request',
  description:
    'Malformed syntax: invalid JSON, an invalid percent escape, or a malformed header; see `detail`. Fix the request and send it again.',
})

/** The cursor is forged, damaged, or from a different list. */
export const CursorInvalid: Problem<'cursor-invalid'> = problem('cursor-invalid', {
  status: 400,
  title: 'Invalid cursor',
  description:
    'A cursor is opaque and belongs to one list with one set of filters. Pass `next` of a page unchanged, or omit the cursor to start from the first page.',
})

/** The operation requires a caller, and the call has no valid credentials. */
export const Unauthenticated: Problem<'unauthenticated'> = problem('unauthenticated', {
  status: 401,
  title: 'Authentication required',
  description: 'The request has no credentials, or its credentials are no longer valid.',
})

/** The caller is known but not allowed to call the operation. */
export const Forbidden: Problem<'forbidden'> = problem('forbidden', {
  status: 403,
  title: 'Forbidden',
  description: 'The caller is authenticated, but an access rule of the operation rejects it.',
})

/** The credentials of the caller do not grant a scope that the operation requires (RFC 6750). */
export const InsufficientScope: ProblemWith<'insufficient-scope', { readonly scopes: readonly string[] }> =
  problem('insufficient-scope', {
    status: 403,
    title: 'Insufficient scope',
    description:
      '`scopes` lists the scopes that the operation requires. Use credentials that grant all of them.',
    extra: described<{ readonly scopes: readonly string[] }>({
      type: 'object',
      properties: { scopes: { type: 'array', maxItems: 100, items: { type: 'string' } } },
      required: ['scopes'],
    }),
  })

/** The user is signed in, but the proof of identity is too old for the operation (RFC 9470). */
export const RecentSignInRequired: ProblemWith<
  'recent-sign-in-required',
  { readonly maxAgeSeconds: number }
> = problem('recent-sign-in-required', {
  status: 401,
  title: 'Recent sign-in required',
  description:
    'The operation is sensitive: it requires a sign-in within the last `maxAgeSeconds` seconds. Sign in again, and send the request again. A mutation can keep its idempotency key.',
  extra: described<{ readonly maxAgeSeconds: number }>({
    type: 'object',
    properties: { maxAgeSeconds: { type: 'integer' } },
    required: ['maxAgeSeconds'],
  }),
})

/** A page on another site may have sent the request (CSRF). */
export const CrossSiteRequest: Problem<'cross-site-request'> = problem('cross-site-request', {
  status: 403,
  title: 'Request from another site',
  description:
    "A page on another site may have sent the request, which signs a caller in, or changes data with credentials that browsers add to requests by themselves, such as a cookie. Browsers send `Sec-Fetch-Site` or `Origin`. Other clients with cookies have to send `Origin` with the service's origin.",
})

/** The row does not exist, or is hidden from the caller. */
export const NotFound: Problem<'not-found'> = problem('not-found', {
  status: 404,
  title: 'Not found',
  description: 'There is no such resource, or the caller may not know that it exists.',
})

/** No operation has this path. */
export const RouteNotFound: Problem<'route-not-found'> = problem('route-not-found', {
  status: 404,
  title: 'No such route',
  description: 'No operation of the service matches the path.',
})

/**
 * The path exists, but does not support this method; the `Allow` header lists the methods it
 * supports.
 */
export const MethodNotAllowed: Problem<'method-not-allowed'> = problem('method-not-allowed', {
  status: 405,
  title: 'Method not allowed',
  description: 'The `Allow` header lists the methods that the path supports.',
})

/** The `Accept` header rules out JSON. */
export const NotAcceptable: Problem<'not-acceptable'> = problem('not-acceptable', {
  status: 406,
  title: 'Not acceptable',
  description: 'Responses are application/json, which the `Accept` header excludes.',
})

/** The body exceeds the max body size of the service. */
export const ContentTooLarge: Problem<'content-too-large'> = problem('content-too-large', {
  status: 413,
  title: 'Request body too large',
  description: '`detail` states the max size in bytes.',
})

/** The operation does not accept the media type of the body. */
export const UnsupportedMediaType: Problem<'unsupported-media-type'> = problem('unsupported-media-type', {
  status: 415,
  title: 'Unsupported media type',
  description: 'Send `Content-Type: application/json` (UTF-8), without a content encoding.',
})

/** One invalid field of the input. */
export interface InvalidField {
  /** JSON Pointer (RFC 6901, URI fragment form) into the operation's input. */
  readonly pointer: string
  /** The part of the request that the field comes from. */
  readonly in: 'path' | 'query' | 'body'
  /** A description of the error. */
  readonly detail: string
}

/** The input does not fit the operation's schema; `errors` lists each invalid field. */
export const InvalidInput: ProblemWith<'invalid-input', { readonly errors: readonly InvalidField[] }> =
  problem('invalid-input', {
    status: 422,
    title: 'Invalid input',
    description:
      '`errors` lists each invalid field, with a JSON Pointer into the input, the part of the request that contains the field, and a description of the error.',
    extra: described<{ readonly errors: readonly InvalidField[] }>({
      type: 'object',
      properties: {
        errors: {
          type: 'array',
          maxItems: 100,
          description:
            'The invalid fields: `pointer` locates a field in the input, `in` names the part of the request, and `detail` describes the error.',
          items: {
            type: 'object',
            properties: {
              pointer: { type: 'string' },
              in: { type: 'string', enum: ['path', 'query', 'body'] },
              detail: { type: 'string' },
            },
            required: ['pointer', 'in', 'detail'],
          },
        },
      },
      required: ['errors'],
    }),
  })

/** The operation requires a precondition (RFC 6585 section 3), and the request has none. */
export const PreconditionRequired: Problem<'precondition-required'> = problem('precondition-required', {
  status: 428,
  title: 'Precondition required',
  description:
    'Read the resource first and send its `ETag` in `If-Match`, so that concurrent changes are not overwritten.',
})

/** The header fields of the request exceed the max size that the service accepts. */
export const HeadersTooLarge: Problem<'headers-too-large'> = problem('headers-too-large', {
  status: 431,
  title: 'Request header fields too large',
  description:
    "The path, the query string and all header fields together exceed the service's limit (16 KiB by default).",
})

/** The client took too long to send its request. */
export const RequestTimeout: Problem<'request-timeout'> = problem('request-timeout', {
  status: 408,
  title: 'Request timeout',
  description:
    'The request did not arrive in time, and the connection was closed. Send it again on a new connection.',
})

/** A defect in the service; the log contains the cause and the request id. */
export const InternalError: Problem<'internal-error'> = problem('internal-error', {
  status: 500,
  title: 'Internal error',
  description:
    "A defect in the service, not in the request. The service's log contains the cause and the request id. The call was rolled back; retrying with the same idempotency key is safe.",
})

/** The service cannot handle the call now. */
export const Unavailable: Problem<'unavailable'> = problem('unavailable', {
  status: 503,
  title: 'Service unavailable',
  description: 'A dependency of the service is unavailable at the moment. Retry after `Retry-After` seconds.',
  headers: { 'retry-after': '1' },
})

/** The service is starting, stopping, or missing a dependency, and should receive no requests. */
export const NotReady: ProblemWith<'not-ready', { readonly checks?: CheckReports | undefined }> = problem(
  'not-ready',
  {
    status: 503,
    title: 'Service not ready',
    description:
      'Returned to load balancer probes while the service is starting, stopping, or missing a dependency.',
    headers: { 'retry-after': '1' },
    extra: described<{ readonly checks?: CheckReports | undefined }>({
      type: 'object',
      properties: { checks: checkReportsSchema },
    }),
  },
)

/** The deadline of the call has passed; its work has been rolled back. */
export const DeadlineExceeded: Problem<'deadline-exceeded'> = problem('deadline-exceeded', {
  status: 504,
  title: 'Deadline exceeded',
  description: 'The call was stopped and rolled back. Retrying with the same idempotency key is safe.',
})

/** Every problem that the framework itself returns. Capabilities add more problems. */
export const kernelProblems: readonly AnyProblem[] = [
  BadRequest,
  CursorInvalid,
  Unauthenticated,
  Forbidden,
  InsufficientScope,
  RecentSignInRequired,
  CrossSiteRequest,
  NotFound,
  RouteNotFound,
  MethodNotAllowed,
  NotAcceptable,
  ContentTooLarge,
  UnsupportedMediaType,
  InvalidInput,
  PreconditionRequired,
  HeadersTooLarge,
  RequestTimeout,
  InternalError,
  Unavailable,
  NotReady,
  DeadlineExceeded,
]
