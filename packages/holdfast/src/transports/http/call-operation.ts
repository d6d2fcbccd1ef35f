import { type Answer, jsonType } from '../../kernel/operation/answer.ts'
import type { CompiledOperation } from '../../kernel/operation/compile.ts'
import { hasBody } from '../../kernel/operation/decode.ts'
import { NotAcceptable } from '../../kernel/problem/problems.ts'
import type { RunningService } from '../../kernel/service/service.ts'
import { settle } from '../../kernel/base/thenable.ts'
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
  /** The calls in progress. */
  readonly callsInFlight: Set<CallInFlight>
}

/** A request whose body has been read, if its operation takes a body. */
interface ReceivedRequest extends Routed {
  readonly request: HttpRequest
  /** The input without the body. */
  readonly head: WireInput
  readonly content?: Uint8Array
}

/** Returns the responder that calls an operation. */
export function callOperation(operation: CompiledOperation, options: CallOptions): Responder {
  const { running, bodyLimitBytes, callsInFlight } = options
  const takesBody = hasBody(operation.route.method)
  // The body of a query is ignored. To reject bodies, every query would first have to wait until
  // its request has ended.
  const refusesBody = !takesBody && operation.kind === 'mutation'
  const needsRawBody = operation.access.needsRawBody === true

  const challenge = createChallenge(operation.access, running)
  // A response that depends on the caller must not be stored in a shared cache. If the service
  // identifies callers, any response may depend on the caller.
  const isShared = running.identifiers.length === 0 && isPublic(operation.access, running.securitySchemes)
  const cacheControl = isShared ? 'no-cache' : 'private, no-cache'

  function call(received: ReceivedRequest): Answer | Promise<Answer> {
    const { head, content, exchange } = received
    const { header, peer, client } = received.request
    const { requestId, span, usage } = exchange
    const inFlight: CallInFlight = { operation: operation.name, requestId }
    callsInFlight.add(inFlight)
    return settle(
      () =>
        running.call({
          operation: operation.name,
          input: needsRawBody ? head : withBody(head, content),
          readInput: () => withBody(readHead(received), content),
          rawBody: needsRawBody ? content : undefined,
          parseBody: needsRawBody ? parseBody : undefined,
          header,
          peer,
          requestLine: () => received.request,
          client,
          requestId,
          span,
          usage,
        }),
      (answer) => {
        callsInFlight.delete(inFlight)
        if (answer.status === 401 || answer.bearerError) return withChallenge(answer, challenge, header)
        return answer.links ? withLinkHeader(answer, head.query) : answer
      },
      (error) => {
        callsInFlight.delete(inFlight)
        throw error
      },
    )
  }

  return (request, routed) => {
    routed.exchange.cacheControl = cacheControl
    if (qualityOf(request.header('accept'), jsonType) === 0) throw NotAcceptable()
    const received: ReceivedRequest = { ...routed, request, head: readHead(routed) }
    if (takesBody) {
      return readBody(request, bodyLimitBytes).then((content) => call({ ...received, content }))
    }
    if (refusesBody) return rejectBody(request, bodyLimitBytes).then(() => call(received))
    return call(received)
  }
}

/** Adds the challenge to an answer, unless its problem has one (RFC 9110 section 15.5.2). */
function withChallenge(answer: Answer, challenge: Challenge, header: HttpRequest['header']): Answer {
  const value = challenge(answer, header)
  return value === '' ? answer : { ...answer, headers: { 'www-authenticate': value, ...answer.headers } }
}

/** Reads the part of an input that comes before the body. */
function readHead({ parameters, query }: Routed): WireInput {
  return { path: decodeParameters(parameters), query: parseQueryString(query), body: undefined }
}

function withBody(head: WireInput, content: Uint8Array | undefined): WireInput {
  return content ? { path: head.path, query: head.query, body: parseBody(content) } : head
}

function decodeParameters(parameters: Routed['parameters']): Record<string, string> {
  const decoded: Record<string, string> = {}
  for (const [name, text] of Object.entries(parameters)) decoded[name] = decodeText(text, 'path')
  return decoded
}
