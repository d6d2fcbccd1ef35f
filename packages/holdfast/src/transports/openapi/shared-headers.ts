import type { CompiledOperation } from '../../kernel/operation/compile.ts'
import { defaultKeyHeader } from '../../kernel/operation/operation.ts'
import type { HeaderObject, ParameterObject, Reference } from './open-api-document.ts'

const requestId = { type: 'string', minLength: 8, maxLength: 128, pattern: '^[A-Za-z0-9._~-]+$' }
const traceparent = { type: 'string', pattern: '^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(-.*)?$' }
const traceContext = 'https://www.w3.org/TR/trace-context/'

/**
 * A key in the form that `idempotency/key.ts` parses: 1 to 255 characters. `maxLength` cannot
 * express this limit, because quotes and backslashes do not count.
 */
const idempotencyKey = {
  type: 'string',
  pattern:
    '^(?:"(?:[\\x20-\\x21\\x23-\\x5b\\x5d-\\x7e]|\\\\["\\\\]){1,255}"|[\\x21\\x23-\\x2b\\x2d-\\x3a\\x3c-\\x5b\\x5d-\\x7e]{1,255})$',
}
// The example is not a UUID: version 7 contains a time, so the service would reject the example as
// too old.
const keyExample = '"one-key-per-request"'
const keyPurpose =
  'Makes the request safe to retry: the same request with the same key takes effect once and always gets the same response. A unique string of 1 to 255 printable ASCII characters, quoted or bare; preferably a UUIDv7.'
const sealedKeyPurpose =
  'Makes the request safe to retry: the same request with the same key takes effect once and always gets the same response. The stored response is encrypted with the key, which must therefore have at least 122 random bits: a UUIDv4, or a random token of 22 characters of base64url; quoted or bare.'

// A number other than zero, with a unit.
const requestTimeout = '^(?:[0-9]*[1-9][0-9]*(?:\\.[0-9]+)?|[0-9]+\\.[0-9]*[1-9][0-9]*)(?:ms|s|m|h|d)$'

/** The request headers that operations share, by component name. */
export const sharedParameters: Readonly<Record<string, ParameterObject>> = {
  IdempotencyKey: {
    name: 'Idempotency-Key',
    in: 'header',
    required: true,
    description: keyPurpose,
    schema: idempotencyKey,
    example: keyExample,
  },
  IfNoneMatch: {
    name: 'If-None-Match',
    in: 'header',
    description:
      'The `ETag` of a response that the client has cached. If the `ETag` is current, the response is a 304 without a body.',
    schema: { type: 'string' },
  },
  RequestId: {
    name: 'X-Request-Id',
    in: 'header',
    description:
      'Identifies the request in the log and in the response. If it is missing or does not match this pattern, the service generates one.',
    schema: requestId,
  },
  RequestTimeout: {
    name: 'Request-Timeout',
    in: 'header',
    description:
      "The max time that the client waits: a number and a unit, such as `250ms`, `2s` or `1m`; at least 1 ms. The operation's own deadline applies if it is sooner.",
    schema: { type: 'string', pattern: requestTimeout },
  },
  Traceparent: {
    name: 'traceparent',
    in: 'header',
    description: `Trace of the request (${traceContext}).`,
    schema: traceparent,
  },
}

/**
 * Returns the idempotency header of a mutation for which the header is optional or has a different
 * name. Other mutations use the shared header.
 */
export function idempotencyKeyParameter({
  idempotencyHeader,
  idempotency,
  isSealed,
}: Pick<CompiledOperation, 'idempotencyHeader' | 'idempotency' | 'isSealed'>): ParameterObject {
  const purpose = isSealed ? sealedKeyPurpose : keyPurpose
  return {
    name: idempotencyHeader === defaultKeyHeader ? 'Idempotency-Key' : idempotencyHeader,
    in: 'header',
    required: idempotency === 'required',
    description:
      idempotency === 'required'
        ? purpose
        : `${purpose} Optional for this operation: ${idempotency.optional}`,
    schema: idempotencyKey,
    ...(idempotencyHeader === defaultKeyHeader && !isSealed ? { example: keyExample } : {}),
  }
}

/** The response headers, by component name. */
export const sharedHeaders: Readonly<Record<string, HeaderObject>> = {
  ETag: {
    description: 'Identifies these exact bytes; send it in `If-None-Match` to check for changes.',
    schema: { type: 'string' },
  },
  IdempotencyReplayed: {
    description:
      '`true` if the response is a replay of the response to an earlier request with the same key.',
    schema: { type: 'string', const: 'true' },
  },
  Link: {
    description: 'Links to other pages of the list: `first`, `next` and `prev` (RFC 8288).',
    schema: { type: 'string' },
  },
  Location: {
    description: 'Path of the created resource.',
    schema: { type: 'string', format: 'uri-reference' },
  },
  RequestId: { description: 'Identifies the request in the log of the service.', schema: requestId },
  RetryAfter: {
    description: 'Number of seconds to wait before retrying.',
    schema: { type: 'string', pattern: '^[0-9]+$' },
  },
  Traceparent: { description: `Position of the call in its trace (${traceContext}).`, schema: traceparent },
}

/** The header of a 401 response. */
export const challengeHeader: HeaderObject = {
  description: 'How to authenticate: a challenge for each security scheme (RFC 9110 section 11.6.1).',
  schema: { type: 'string' },
}

/** The headers of every response. */
export const everyAnswersHeaders: Readonly<Record<string, Reference>> = {
  'X-Request-Id': headerReference('RequestId'),
  traceparent: headerReference('Traceparent'),
}

/** Returns a reference to a response header. */
export function headerReference(name: string): Reference {
  return { $ref: `#/components/headers/${name}` }
}

/** Returns a reference to a request header. */
export function parameterReference(name: string): Reference {
  return { $ref: `#/components/parameters/${name}` }
}
