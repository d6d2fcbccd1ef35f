import { createServer, type Server } from 'node:http'
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
import { type HttpLimits, readHttpLimits } from '../settings/http-limits.ts'
import { NodeRequest } from './node-request.ts'
import { rejectMalformed } from './reject-malformed.ts'
import { checkSingletons } from './singleton-fields.ts'
import { type NodeExchange, sendAnswer, type SendOptions } from './send-answer.ts'
import { createUnsentAnswers } from './unsent-answers.ts'

/** The part of a handler that answers the requests of a server. */
export type AnswerSource = Pick<Handler, 'answer' | 'refuse'>

/** A server of node:http and its shutdown. */
export interface HttpServer {
  readonly server: Server
  /** Makes every response close its connection from now on. The server continues to listen. */
  drain(): void
  /** Stops listening and closes idle connections; resolves when every connection has ended. */
  close(): Promise<void>
  /**
   * Returns a phrase for each client that has not read its whole response or not sent its whole
   * request.
   */
  unfinishedClients(): readonly string[]
}

/** Options of {@link createHttpServer}. */
export interface HttpServerOptions {
  readonly limits: HttpLimits
  readonly log: Logger
  /** The clock that times unread responses. */
  readonly clock: Clock
}

// How long a process that is stopping waits for the rest of a request's header fields.
const unfinishedMs = 500

/** Creates the server that answers with a handler. It does not listen yet. */
export function createHttpServer(handler: AnswerSource, options: HttpServerOptions): HttpServer {
  const { log, clock } = options
  const limits = readHttpLimits(options.limits)
  const { bodyLimitBytes, maxHeaderBytes, headerTimeoutMs, requestTimeoutMs } = limits
  const { keepAliveTimeoutMs, sendTimeoutMs, maxUnsentBytes } = limits
  const unsent = createUnsentAnswers({ sendTimeoutMs, maxUnsentBytes, clock, log })
  const server = createServer({
    maxHeaderSize: maxHeaderBytes,
    headersTimeout: Math.min(headerTimeoutMs, requestTimeoutMs),
    requestTimeout: requestTimeoutMs,
    // Responses announce it (`Keep-Alive: timeout=75`). node:http waits a second longer, so that a
    // request sent just in time is still accepted; that second can be set from Node 24.6 on only.
    keepAliveTimeout: keepAliveTimeoutMs,
    // node:http checks for timeouts at intervals, of half a minute by default.
    connectionsCheckingInterval: Math.min(1_000, headerTimeoutMs, requestTimeoutMs),
    // The host is checked with the rest of the request, so that its refusal is a problem document
    // too.
    requireHostHeader: false,
  })
  // Otherwise node:http ends a connection as soon as its client has, and truncates the response.
  Object.assign(server, { httpAllowHalfOpen: true })
  // Their bytes are limited already, and fields beyond a max count would be dropped silently.
  server.maxHeadersCount = 0

  let isDraining = false
  let openAnswers = 0
  /**
   * Every connection, with its last request that needs a response. An entry lives as long as its
   * connection: a `Map` that is added to and deleted from all the time leaves tables behind, and V8
   * keeps what they hold until a full collection.
   */
  const lastOf = new Map<Socket, NodeRequest | undefined>()
  /**
   * Connections whose end has been announced: a further request on them would run and its response
   * would be dropped.
   */
  const ending = new WeakSet<Socket>()
  server.on('connection', (socket: Socket) => {
    lastOf.set(socket, undefined)
    socket.once('close', () => lastOf.delete(socket))
    // A client that half-closes has disconnected or still reads: TCP does not show which. Its call
    // is cancelled, and it gets that as the response, or the result if the call had already
    // finished.
    socket.once('end', () => lastOf.get(socket)?.client.cancel(clientDisconnected))
  })
  const closeIdleConnections = server.closeIdleConnections.bind(server)
  server.closeIdleConnections = () => {
    // node:http takes a connection for idle once it has its response, and cuts off bytes not sent
    // yet.
    if (openAnswers > 0) return
    closeIdleConnections()
    // Node 24 waits for connections without a request, such as those browsers open in advance.
    for (const socket of lastOf.keys()) if (socket.bytesRead === 0) socket.destroy()
  }

  async function answer(exchange: NodeExchange, beforeContent?: () => void): Promise<void> {
    const { incoming, response } = exchange
    const { socket } = incoming
    if (ending.has(socket)) return
    const request = new NodeRequest(incoming, beforeContent)
    lastOf.set(socket, request)
    openAnswers += 1
    response.once('close', () => {
      openAnswers -= 1
      if (unsent.size > 0) unsent.remove(response)
      if (socket.destroyed) lastOf.delete(socket)
      else if (lastOf.get(socket) === request) lastOf.set(socket, undefined)
      if (!response.writableFinished) request.client.cancel(clientDisconnected)
      if (!server.listening) server.closeIdleConnections()
    })
    const refusal = checkSingletons(incoming.rawHeaders) ?? checkHost(incoming)
    const sendOptions = (): SendOptions => {
      // Of pipelined requests, all are answered before the connection ends.
      const closes = (isDraining || socket.readableEnded) && lastOf.get(socket) === request
      if (closes) ending.add(socket)
      return { closes, bodyLimitBytes, unsent }
    }
    try {
      const made = refusal ? handler.refuse(refusal, request) : await handler.answer(request)
      sendAnswer(hasRoomFor(made) ? made : handler.refuse(tooMuchUnsent(), request), exchange, sendOptions())
    } catch (error) {
      log.error({ error: toLogFields(error) }, 'sending a response failed')
      sendAnswer(handler.refuse(InternalError(), request), exchange, sendOptions())
    }
  }

  function hasRoomFor({ body }: HttpAnswer): boolean {
    if (typeof body !== 'string' || unsent.makesRoomFor(body.length)) return true
    log.warn(
      { bytes: body.length, maxUnsentBytes },
      'response replaced by 503: too many bytes are waiting for clients',
    )
    return false
  }

  server.on('request', (incoming, response) => void answer({ incoming, response }))
  // A client that sends `Expect: 100-continue` gets it when the body is read, so never if the
  // header fields are refused.
  server.on('checkContinue', (incoming, response) => {
    void answer({ incoming, response }, () => response.writeContinue())
  })
  // No other expectation is supported; node:http would answer 417 without a problem document.
  server.on('checkExpectation', (incoming, response) => void answer({ incoming, response }))
  rejectMalformed(server, handler, log)

  const drain = (): void => {
    isDraining = true
  }
  return {
    server,
    drain,
    unfinishedClients() {
      const reading = unsent.list().map(({ requestId, sentBytes, totalBytes }) => {
        return `a client that had not read its response with the request id ${requestId} (${sentBytes} of ${totalBytes} bytes sent)`
      })
      const sending = [...lastOf.values()].filter((last) => last?.isComplete === false)
      return [...reading, ...sending.map(() => 'a client that was still sending its request')]
    },
    async close() {
      drain()
      // A request that has arrived makes its connection busy only when it has been read, which the
      // event loop does once between two of these. Closing a connection with an unread request
      // would reset it, and the client would not know why.
      await setImmediate()
      await setImmediate()
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
        // Clients in the middle of a request get a moment to finish it; an incomplete request must
        // not delay the shutdown.
        setTimeout(() => {
          for (const [socket, last] of lastOf) if (last === undefined) socket.destroy()
        }, unfinishedMs).unref()
      })
    },
  }
}

function tooMuchUnsent(): ProblemError {
  return Unavailable({ detail: 'Too many responses are waiting for slow clients.' })
}
