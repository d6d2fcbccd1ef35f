import { type Answer, jsonType } from '../../kernel/operation/answer.ts'
import type { CompiledOperation } from '../../kernel/operation/compile.ts'
import { hasBody } from '../../kernel/operation/decode.ts'
import { NotAcceptable } from '../../kernel/problem/problems.ts'
import type { RunningService } from '../../kernel/service/service.ts'
import type { WireInput } from '../../kernel/operation/wire-input.ts'
import { qualityOf } from './request/accept.ts'
import { type Challenge, createChallenge, isPublic } from './challenge.ts'
import type { HttpRequest } from './request/http-request.ts'
import { parseQueryString } from './request/query-string.ts'
import { withLinkHeader } from './answer/link-header.ts'
import { parseBody, readBody, rejectBody } from './request/read-body.ts'
import type { Responder, Routed } from './responder.ts'
import { decodeText } from './request/target.ts'

/** A call in progress: its request has been read, and its response has not been sent. */
export interface CallInFlight {
  /** The operation's name. */
  readonly operation: string
  readonly requestId: string
}

/** Options shared by the calls of all operations. */
export interface CallOptions {
  readonly running: RunningService
  readonly bodyLimitBytes: number
  /** Contains each call while it is in progress. */
  readonly callsInFlight: Set<CallInFlight>
}

/** Returns the responder that calls an operation. */
export function callOperation(operation: CompiledOperation, options: CallOptions): Responder {
  const { running, bodyLimitBytes, callsInFlight } = options
  const takesBody = hasBody(operation.route.method)
  // The body of a query is ignored. To reject it, each query would first have to wait for the end
  // of its request.
  const refusesBody = !takesBody && operation.kind === 'mutation'
  const needsRawBody = operation.access.needsRawBody === true

  const challenge = createChallenge(operation.access, running)
  // A response that depends on the caller must not be stored in a shared cache. If the service
  // identifies callers, any response may depend on the caller.
  const isShared = running.identify === undefined && isPublic(operation.access, running.securitySchemes)
  const cacheControl = isShared ? 'no-cache' : 'private, no-cache'

  return async (request, { exchange, parameters, query }) => {
    exchange.cacheControl = cacheControl
    if (qualityOf(request.header('accept'), jsonType) === 0) throw NotAcceptable()
    const head = { path: decodeParameters(parameters), query: parseQueryString(query), body: undefined }
    const content = takesBody ? await readBody(request, bodyLimitBytes) : undefined
    if (refusesBody) await rejectBody(request, bodyLimitBytes)
    const call: CallInFlight = { operation: operation.name, requestId: exchange.requestId }
    callsInFlight.add(call)
    try {
      const { header, client } = request
      const { requestId, span, usage } = exchange
      const answer = await running.call({
        operation: operation.name,
        input: content && !needsRawBody ? withBody(head, content) : head,
        rawBody: needsRawBody ? content : undefined,
        parseBody: needsRawBody ? parseBody : undefined,
        header,
        client,
        requestId,
        span,
        usage,
      })
      if (answer.status === 401) return withChallenge(answer, challenge, header)
      return answer.links ? withLinkHeader(answer, head.query) : answer
    } finally {
      callsInFlight.delete(call)
    }
  }
}

/** Adds the challenge to a 401, unless the problem already has one (RFC 9110 section 15.5.2). */
function withChallenge(answer: Answer, challenge: Challenge, header: HttpRequest['header']): Answer {
  return { ...answer, headers: { 'www-authenticate': challenge(header), ...answer.headers } }
}

function withBody({ path, query }: WireInput, content: Uint8Array): WireInput {
  return { path, query, body: parseBody(content) }
}

function decodeParameters(parameters: Routed['parameters']): Record<string, string> {
  const decoded: Record<string, string> = {}
  for (const [name, text] of Object.entries(parameters)) decoded[name] = decodeText(text, 'path')
  return decoded
}
