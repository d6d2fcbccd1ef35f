import type { Server, ServerOptions } from 'node:http'
import type { Socket } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import type { Handler } from '../../../transports/http/handler.ts'
import type { HttpAnswer } from '../../../transports/http/answer/http-answer.ts'
import type { Clock } from '../../../kernel/base/clock.ts'
import { clientDisconnected } from '../../../kernel/operation/deadline.ts'
import { type Logger, toLogFields } from '../../../kernel/base/log.ts'
import type { ProblemError } from '../../../kernel/problem/problem.ts'
import { InternalError, Unavailable } from '../../../kernel/problem/problems.ts'
import { checkHost } from './host.ts'
import { type HttpLimits, type ReadHttpLimits, readHttpLimits } from '../settings/http-limits.ts'
import { NodeRequest, type RequestPeers } from './node-request.ts'
import { rejectMalformed } from './reject-malformed.ts'
import { checkSingletons } from './singleton-fields.ts'
import { type NodeExchange, sendAnswer, type SendOptions } from './send-answer.ts'
import { ClientCertificates } from '../tls/client-certificates.ts'
import { closeUnauthorized } from '../tls/close-unauthorized.ts'
import type { TlsContents } from '../tls/tls-files.ts'
import { TrustedProxies } from './trusted-proxies.ts'
import { createUnsentAnswers, type UnsentAnswers } from './unsent-answers.ts'

/** The part of a handler that answers a server's requests. */
export type AnswerSource = Pick<Handler, 'answer' | 'refuse'>

/** A `node:http` server that can be shut down. */
export interface HttpServer {
  readonly server: Server
  /** Makes every further response close its connection. The server continues to listen. */
  drain(): void
  /** Stops listening and closes idle connections; resolves when every connection has ended. */
  close(): Promise<void>
  /**
   * Returns a phrase for each client that has not read its whole response or sent its whole
   * request.
   */
  unfinishedClients(): readonly string[]
}

/** Options of {@link createHttpServer}. */
export interface HttpServerOptions {
  readonly limits: HttpLimits
  readonly log: Logger
  /** The proxies whose `X-Forwarded-For` is trusted. Default: none. */
  readonly trustedProxies?: TrustedProxies
  /** True if the trusted proxies set the header `Client-Cert` (RFC 9440). Default false. */
  readonly trustClientCert?: boolean
  /** The files of a server with TLS. Default: no TLS. */
  readonly tls?: TlsContents | undefined
  /** The clock that measures how long responses stay unread. */
  readonly clock: Clock
}

// A stopping process waits at most this long for the rest of a request's header fields.
const unfinishedMs = 500

/*
 * The path of a request:
 *
 *   connection ─▶ request ─▶ fields checked ─▶ handler.answer() ─▶ room for it? ─▶ send
 *                                 │ refused         │ throws           │ no         │
 *                                 ▼                 ▼                  ▼            ▼
 *                          handler.refuse()        500                503      unsent-answers.ts,
 *                                                                              until it is read
 *
 * Invariants:
 * - Every request gets one response, unless its connection is lost.
 * - A call whose client has disconnected is cancelled.
 * - A connection ends only after its last response, so that all pipelined requests are answered.
 *   Only a client that has stopped reading, or that has not sent its whole request, is cut off.
 */

/** Creates a server whose requests the handler answers. The server does not listen yet. */
export function createHttpServer(handler: AnswerSource, options: HttpServerOptions): HttpServer {
  return new NodeHttpServer(handler, options)
}

class NodeHttpServer implements HttpServer {
  readonly server: Server
  readonly #handler: AnswerSource
  readonly #limits: ReadHttpLimits
  readonly #log: Logger
  readonly #peers: RequestPeers
  readonly #unsent: UnsentAnswers
  /**
   * Every connection, with its last request that needs a response. An entry lives as long as its
   * connection. If an entry were added and removed for each request, the `Map` would leave old
   * tables behind. V8 keeps the contents of such tables until a full garbage collection.
   */
  readonly #lastOf = new Map<Socket, NodeRequest | undefined>()
  /**
   * Connections whose last response has announced that the connection ends. A further request on
   * such a connection is ignored: it would run, but its response would be dropped.
   */
  readonly #ending = new WeakSet<Socket>()
  #openAnswers = 0
  #isDraining = false

  constructor(handler: AnswerSource, options: HttpServerOptions) {
    const { limits, log, clock, trustedProxies, trustClientCert = false, tls } = options
    this.#handler = handler
    this.#limits = readHttpLimits(limits)
    this.#log = log
    const proxies = trustedProxies ?? new TrustedProxies([])
    this.#peers = { proxies, certificates: new ClientCertificates(proxies, trustClientCert) }
    this.#unsent = createUnsentAnswers({ ...this.#limits, clock, log })
    this.server = createNodeServer(this.#limits, tls)
    this.server.on(tls ? 'secureConnection' : 'connection', (socket: Socket) => this.#watch(socket))
    this.#keepUnsentAnswers()
    this.#answerRequests()
    rejectMalformed(this.server, handler, log)
  }

  drain(): void {
    this.#isDraining = true
  }

  async close(): Promise<void> {
    this.drain()
    // A connection counts as busy only after its request was read. Between these two `setImmediate`
    // calls, the event loop reads from all connections once. Closing a connection with an unread
    // request would reset it, and the client would not know the reason.
    await setImmediate()
    await setImmediate()
    await new Promise<void>((resolve) => {
      this.server.close(() => resolve())
      // Clients in the middle of a request get a moment to finish it. After that, an incomplete
      // request does not delay the stop.
      setTimeout(() => {
        for (const [socket, last] of this.#lastOf) if (last === undefined) socket.destroy()
      }, unfinishedMs).unref()
    })
  }

  unfinishedClients(): readonly string[] {
    const reading = this.#unsent.list().map(({ requestId, sentBytes, totalBytes }) => {
      return `a client that had not read the response to the request ${requestId} (${sentBytes} of ${totalBytes} bytes sent)`
    })
    const sending = [...this.#lastOf.values()].filter((last) => last?.isComplete === false)
    return [...reading, ...sending.map(() => 'a client that was still sending its request')]
  }

  #watch(socket: Socket): void {
    this.#lastOf.set(socket, undefined)
    socket.once('close', () => this.#lastOf.delete(socket))
    // If a client has half-closed its connection, TCP does not show if the client still reads, so
    // its call is cancelled. The response reports the cancellation, or contains the result if the
    // call had already finished.
    socket.once('end', () => this.#lastOf.get(socket)?.client.cancel(clientDisconnected))
  }

  /**
   * Makes the server close only idle connections. node:http considers a connection idle as soon as
   * its response is written, and would then close it before all bytes are sent.
   */
  #keepUnsentAnswers(): void {
    const closeIdleConnections = this.server.closeIdleConnections.bind(this.server)
    this.server.closeIdleConnections = () => {
      if (this.#openAnswers > 0) return
      closeIdleConnections()
      // Node 24 would wait for connections without a request, which browsers open in advance.
      for (const socket of this.#lastOf.keys()) if (socket.bytesRead === 0) socket.destroy()
    }
  }

  #answerRequests(): void {
    const { server } = this
    server.on('request', (incoming, response) => void this.#answer({ incoming, response }))
    // A client that sends `Expect: 100-continue` gets the 100 response when the body is read, and
    // none if the header fields are rejected.
    server.on('checkContinue', (incoming, response) => {
      void this.#answer({ incoming, response }, () => response.writeContinue())
    })
    // Other expectations are ignored. Without this listener, node:http would answer 417 without a
    // problem document.
    server.on('checkExpectation', (incoming, response) => void this.#answer({ incoming, response }))
  }

  async #answer(exchange: NodeExchange, beforeContent?: () => void): Promise<void> {
    const { incoming, response } = exchange
    if (this.#ending.has(incoming.socket)) return
    const request = new NodeRequest(incoming, this.#peers, beforeContent)
    this.#lastOf.set(incoming.socket, request)
    this.#openAnswers += 1
    response.once('close', () => this.#answered(exchange, request))
    const refusal = checkSingletons(incoming.rawHeaders) ?? checkHost(incoming)
    try {
      // The handler may answer synchronously. The wait lets node:http first read everything that
      // has arrived: the rest of this request, and the requests pipelined after it.
      const made = refusal ? this.#handler.refuse(refusal, request) : await this.#handler.answer(request)
      const answer = this.#hasRoomFor(made) ? made : this.#handler.refuse(tooMuchUnsent(), request)
      sendAnswer(answer, exchange, this.#sendOptions(incoming.socket, request))
    } catch (error) {
      this.#log.error({ error: toLogFields(error) }, 'sending a response failed')
      const answer = this.#handler.refuse(InternalError(), request)
      sendAnswer(answer, exchange, this.#sendOptions(incoming.socket, request))
    }
  }

  /** Called when a response has been sent or its connection has been lost. */
  #answered({ incoming: { socket }, response }: NodeExchange, request: NodeRequest): void {
    this.#openAnswers -= 1
    if (this.#unsent.size > 0) this.#unsent.remove(response)
    if (socket.destroyed) this.#lastOf.delete(socket)
    else if (this.#lastOf.get(socket) === request) this.#lastOf.set(socket, undefined)
    if (!response.writableFinished) request.client.cancel(clientDisconnected)
    if (!this.server.listening) this.server.closeIdleConnections()
  }

  #hasRoomFor({ body }: HttpAnswer): boolean {
    if (typeof body !== 'string' || this.#unsent.makesRoomFor(body.length)) return true
    this.#log.warn(
      { bytes: body.length, maxUnsentBytes: this.#limits.maxUnsentBytes },
      'response replaced by 503: too many bytes are waiting for clients',
    )
    return false
  }

  #sendOptions(socket: Socket, request: NodeRequest): SendOptions {
    // Only the last of several pipelined requests closes the connection.
    const closes = (this.#isDraining || socket.readableEnded) && this.#lastOf.get(socket) === request
    if (closes) this.#ending.add(socket)
    return { closes, bodyLimitBytes: this.#limits.bodyLimitBytes, unsent: this.#unsent }
  }
}

function createNodeServer(limits: ReadHttpLimits, tls: TlsContents | undefined): Server {
  const { maxHeaderBytes, headerTimeoutMs, requestTimeoutMs, keepAliveTimeoutMs } = limits
  const options: ServerOptions = {
    maxHeaderSize: maxHeaderBytes,
    headersTimeout: Math.min(headerTimeoutMs, requestTimeoutMs),
    requestTimeout: requestTimeoutMs,
    // Responses announce this time (`Keep-Alive: timeout=75`). node:http waits a second longer, so
    // that a request sent just in time is still accepted. This additional second can be changed
    // only in Node 24.6 and later.
    keepAliveTimeout: keepAliveTimeoutMs,
    // The interval at which node:http checks for timeouts; its default is half a minute.
    connectionsCheckingInterval: Math.min(1_000, headerTimeoutMs, requestTimeoutMs),
    // `checkHost` checks the header instead, so that a rejection is a problem document too.
    requireHostHeader: false,
  }
  const server = tls
    ? createTlsServer(options, tls)
    : process.getBuiltinModule('node:http').createServer(options)
  // Without this option, node:http would end a connection when the client half-closes it, which
  // truncates the response.
  Object.assign(server, { httpAllowHalfOpen: true })
  // The number of header fields is not limited, because node:http silently drops fields beyond the
  // limit. Their total size is limited already.
  server.maxHeadersCount = 0
  return server
}

/** Creates a server with TLS, which has the same interface for requests. */
function createTlsServer(options: ServerOptions, tls: TlsContents): Server {
  const asksClients = tls.ca !== undefined
  const server = process
    .getBuiltinModule('node:https')
    // A client need not send a certificate; `closeUnauthorized` closes connections with an invalid
    // one.
    .createServer({ ...options, ...tls, requestCert: asksClients, rejectUnauthorized: false })
  if (asksClients) closeUnauthorized(server)
  return server as unknown as Server
}

function tooMuchUnsent(): ProblemError {
  return Unavailable({ detail: 'Too many responses are waiting for slow clients.' })
}
