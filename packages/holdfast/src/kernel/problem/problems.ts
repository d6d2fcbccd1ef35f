import { type CheckReports, checkReportsSchema } from './check-report.ts'
import { type AnyProblemType, problem, type ProblemType } from './problem.ts'
import { described } from '../schema/schema.ts'

type Plain<Code extends string> = ProblemType<Code, Record<never, never>>

/** The request is malformed: invalid JSON, an invalid percent escape, or a malformed header. */
export const BadRequest: Plain<'bad-request'> = problem('bad-request', {
  status: 400,
  title: 'The request cannot be read',
  description:
    'Its syntax is wrong: JSON that does not parse, a broken percent escape in the path, a malformed header. The detail says which. Send it again once mended.',
})

/** The cursor is forged, damaged, or from another list. */
export const CursorInvalid: Plain<'cursor-invalid'> = problem('cursor-invalid', {
  status: 400,
  title: 'The cursor is not one that this list gave out',
  description:
    'A cursor is opaque and belongs to one list with one set of filters. Take `next` from a page as it stands, or leave the cursor out to begin anew.',
})

/** The operation requires a caller, and the call has no valid credentials. */
export const Unauthenticated: Plain<'unauthenticated'> = problem('unauthenticated', {
  status: 401,
  title: 'The call needs to say who makes it',
  description: 'No credentials came with the call, or they are no longer valid.',
})

/** The caller is known but not allowed to call the operation. */
export const Forbidden: Plain<'forbidden'> = problem('forbidden', {
  status: 403,
  title: 'The caller may not do this',
  description: 'Who makes the call is known, and an access rule of the operation refuses it.',
})

/** No operation has this path. */
export const RouteNotFound: Plain<'route-not-found'> = problem('route-not-found', {
  status: 404,
  title: 'Nothing is found under this path',
  description: 'No operation of the service has a route that matches the path.',
})

/** The path exists, but not with this method; the `Allow` header lists the methods it supports. */
export const MethodNotAllowed: Plain<'method-not-allowed'> = problem('method-not-allowed', {
  status: 405,
  title: 'The path does not take this method',
  description: 'The `Allow` header lists the methods that it takes.',
})

/** The `Accept` header rules out JSON. */
export const NotAcceptable: Plain<'not-acceptable'> = problem('not-acceptable', {
  status: 406,
  title: 'The answer is not available in an accepted form',
  description: 'Answers are application/json, which the `Accept` header rules out.',
})

/** The body exceeds the max body size of the service. */
export const ContentTooLarge: Plain<'content-too-large'> = problem('content-too-large', {
  status: 413,
  title: 'The body is too large',
  description: 'The detail says how many bytes the service takes.',
})

/** The operation does not accept the media type of the body. */
export const UnsupportedMediaType: Plain<'unsupported-media-type'> = problem('unsupported-media-type', {
  status: 415,
  title: 'The body has to be JSON',
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
export const InvalidInput: ProblemType<'invalid-input', { readonly errors: readonly InvalidField[] }> =
  problem('invalid-input', {
    status: 422,
    title: 'The input is not valid',
    description:
      'Every field that is wrong is in `errors`, with a JSON Pointer into the input, the part of the request it came from, and what is wrong with it.',
    extra: described<{ readonly errors: readonly InvalidField[] }>({
      type: 'object',
      properties: {
        errors: {
          type: 'array',
          maxItems: 100,
          description: 'Each field that is wrong: its `pointer`, what it is `in`, and a `detail`.',
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
export const PreconditionRequired: Plain<'precondition-required'> = problem('precondition-required', {
  status: 428,
  title: 'The request has to be conditional',
  description:
    'Read the resource first, and send its `ETag` in `If-Match`, so that a change in between is not overwritten.',
})

/** The header fields of the request exceed the max size of the service. */
export const HeadersTooLarge: Plain<'headers-too-large'> = problem('headers-too-large', {
  status: 431,
  title: 'The header fields are too large',
  description:
    'The path, the query string and all header fields together may take 16 KiB unless the service says otherwise.',
})

/** The client took too long to send its request. */
export const RequestTimeout: Plain<'request-timeout'> = problem('request-timeout', {
  status: 408,
  title: 'The request took too long to arrive',
  description: 'The connection is closed. Send the request again, on a new one.',
})

/** A defect of the service; the log has the cause, with the request id. */
export const InternalError: Plain<'internal-error'> = problem('internal-error', {
  status: 500,
  title: 'The service failed',
  description:
    'A defect of the service, not of the request. Its log has the cause under the request id. Nothing of the call has been kept; with the same idempotency key it is safe to send again.',
})

/** The service cannot handle the call at the moment. */
export const Unavailable: Plain<'unavailable'> = problem('unavailable', {
  status: 503,
  title: 'The service cannot answer now',
  description:
    'Something that it needs is missing for the moment. Send the request again after `Retry-After` seconds.',
  headers: { 'retry-after': '1' },
})

/** The service is starting, stopping, or missing a dependency, and should receive no requests. */
export const NotReady: ProblemType<'not-ready', { readonly checks?: CheckReports | undefined }> = problem(
  'not-ready',
  {
    status: 503,
    title: 'The service is not ready',
    description:
      'What a load balancer is told that asks whether to send requests here: the service starts, or stops, or something that it needs is missing.',
    headers: { 'retry-after': '1' },
    extra: described<{ readonly checks?: CheckReports | undefined }>({
      type: 'object',
      properties: { checks: checkReportsSchema },
    }),
  },
)

/** The deadline of the call has passed; its work has been rolled back. */
export const DeadlineExceeded: Plain<'deadline-exceeded'> = problem('deadline-exceeded', {
  status: 504,
  title: 'The deadline of the call has passed',
  description:
    'The work was stopped and rolled back. With the same idempotency key it is safe to send again.',
})

/** Every problem that the framework itself answers with. Capabilities add theirs. */
export const kernelProblems: readonly AnyProblemType[] = [
  BadRequest,
  CursorInvalid,
  Unauthenticated,
  Forbidden,
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
