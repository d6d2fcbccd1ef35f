import type { CompiledOperation } from '../kernel/compile.ts'
import { defaultKeyHeader } from '../kernel/operation.ts'
import type { HeaderObject, ParameterObject, Reference } from './open-api-document.ts'

const requestId = { type: 'string', minLength: 8, maxLength: 128, pattern: '^[A-Za-z0-9._~-]+$' }
const traceparent = { type: 'string', pattern: '^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(-.*)?$' }
const traceContext = 'https://www.w3.org/TR/trace-context/'

/** What may stand in an `Idempotency-Key` header. */
const idempotencyKey = { type: 'string', minLength: 1, maxLength: 257 }
// No UUID: one of version 7 carries its time, and would be refused as too old by whoever tries the example out.
const keyExample = '"one-key-per-request"'
const keyPurpose =
  'Makes the request safe to send again: the same request with the same key takes effect once, and gets the same answer each time. 1 to 255 printable ASCII characters, quoted or bare, that no other request has; best a UUID of version 7.'

/** The request headers that operations share, by their names in the components. */
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
      'The `ETag` of an answer that the client still has: the same one is answered with 304 and no body.',
    schema: { type: 'string' },
  },
  RequestId: {
    name: 'X-Request-Id',
    in: 'header',
    description:
      'Identifies the request in the log and in the answer. Where it is absent, or not of this form, the service makes one.',
    schema: requestId,
  },
  RequestTimeout: {
    name: 'Request-Timeout',
    in: 'header',
    description:
      "How long the client waits at most: a number and a unit, such as `250ms`, `2s` or `1m`. The operation's own deadline holds where it is sooner.",
    schema: { type: 'string', pattern: '^[0-9]+(\\.[0-9]+)?(ms|s|m|h|d)$' },
  },
  Traceparent: {
    name: 'traceparent',
    in: 'header',
    description: `The trace that the request belongs to (${traceContext}).`,
    schema: traceparent,
  },
}

/** The header of a mutation's key, where it is not the one that all share: it may be left out, or another one carries the key. */
export function idempotencyKeyParameter({
  keyHeader,
  idempotency,
}: Pick<CompiledOperation, 'keyHeader' | 'idempotency'>): ParameterObject {
  return {
    name: keyHeader === defaultKeyHeader ? 'Idempotency-Key' : keyHeader,
    in: 'header',
    required: idempotency === 'required',
    description:
      idempotency === 'required'
        ? keyPurpose
        : `${keyPurpose} It may be left out here: ${idempotency.optional}`,
    schema: idempotencyKey,
    ...(keyHeader === defaultKeyHeader ? { example: keyExample } : {}),
  }
}

/** The headers of answers, by their names in the components. */
export const sharedHeaders: Readonly<Record<string, HeaderObject>> = {
  ETag: {
    description: 'Names these very bytes; `If-None-Match` asks whether they have changed.',
    schema: { type: 'string' },
  },
  IdempotencyReplayed: {
    description: '`true` where the answer is the one that an earlier request with the same key got.',
    schema: { type: 'string', const: 'true' },
  },
  Link: {
    description: 'Where other pages of the list are, as `first`, `next` and `prev` (RFC 8288).',
    schema: { type: 'string' },
  },
  Location: {
    description: 'The path of what was made.',
    schema: { type: 'string', format: 'uri-reference' },
  },
  RequestId: { description: 'Identifies the request in the log of the service.', schema: requestId },
  RetryAfter: {
    description: 'After how many seconds to send the request again.',
    schema: { type: 'string', pattern: '^[0-9]+$' },
  },
  Traceparent: { description: `Where the call stands in its trace (${traceContext}).`, schema: traceparent },
}

/** The headers of every answer. */
export const everyAnswersHeaders: Readonly<Record<string, Reference>> = {
  'X-Request-Id': headerReference('RequestId'),
  traceparent: headerReference('Traceparent'),
}

/** Points to one of the headers of answers. */
export function headerReference(name: string): Reference {
  return { $ref: `#/components/headers/${name}` }
}

/** Points to one of the request headers. */
export function parameterReference(name: string): Reference {
  return { $ref: `#/components/parameters/${name}` }
}
