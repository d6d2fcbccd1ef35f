import { createServer, type Server } from 'node:http'
import type { Socket } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import type { Handler } from '../../http/handler.ts'
import type { HttpAnswer } from '../../http/http-answer.ts'
import type { Clock } from '../../kernel/clock.ts'
import { clientGone } from '../../kernel/deadline.ts'
import { type Logger, toLogFields } from '../../kernel/log.ts'
import type { ProblemError } from '../../kernel/problem.ts'
import { InternalError, Unavailable } from '../../kernel/problems.ts'
import { checkHost } from './host.ts'
import { type HttpLimits, readHttpLimits } from './http-limits.ts'
import { NodeRequest } from './node-request.ts'
import { refuseBroken } from './refuse-broken.ts'
import { checkSingletons } from './singleton-fields.ts'
import { type NodeExchange, sendAnswer, type SendOptions } from './send-answer.ts'
import { createUnsentAnswers } from './unsent-answers.ts'

/** What answers the requests of a server. */
export type Answering = Pick<Handler, 'answer' | 'refuse'>

/** A server of node:http, and how it ends. */
export interface HttpServer {
  readonly server: Server
  /** From now on, every answer ends its connection. The server goes on listening. */
  drain(): void
  /** Stops listening; resolves when every connection has ended, those on which nothing is asked at once. */
  close(): Promise<void>
  /** Returns the clients that have not read their answers, or not sent their requests, to the end: a phrase for each. */
  unfinishedClients(): readonly string[]
}

/** Options of {@link createHttpServer}. */
export interface HttpServerOptions {
  readonly limits: HttpLimits
  readonly log: Logger
  /** The time of the answers that are not read. */
  readonly clock: Clock
}

// How long the rest of a request's header fields is waited for in a process that ends.
const unfinishedMs = 500

/** Makes the server that answers with a handler. It does not listen yet. */
export function createHttpServer(handler: Answering, options: HttpServerOptions): HttpServer {
  const { log, clock } = options
  const limits = readHttpLimits(options.limits)
  const { bodyLimitBytes, maxHeaderBytes, headerTimeoutMs, requestTimeoutMs } = limits
  const { keepAliveTimeoutMs, sendTimeoutMs, maxUnsentBytes } = limits
  const unsent = createUnsentAnswers({ sendTimeoutMs, maxUnsentBytes, clock, log })
  const server = createServer({
    maxHeaderSize: maxHeaderBytes,
    headersTimeout: Math.min(headerTimeoutMs, requestTimeoutMs),
    requestTimeout: requestTimeoutMs,
    // Answers announce it (`Keep-Alive: timeout=75`). node:http waits for a second longer, so that a request which a client sends just
    // within it is still taken; that second can be set from Node 24.6 on only.
    keepAliveTimeout: keepAliveTimeoutMs,
    // node:http looks for what is late at intervals, of half a minute by default.
    connectionsCheckingInterval: Math.min(1_000, headerTimeoutMs, requestTimeoutMs),
    // The host is checked with the rest, so that what is wrong with it is a problem like any other.
    requireHostHeader: false,
  })
  // Otherwise node:http ends a connection as soon as its client has, and what is being sent to it breaks off.
  Object.assign(server, { httpAllowHalfOpen: true })
  // Their bytes are bounded, and fields beyond a count would be dropped in silence.
  server.maxHeadersCount = 0

  let isDraining = false
  let openAnswers = 0
  /**
   * Every connection, with the last request on it that is to be answered. An entry lives as long as its connection: a `Map` that is added to and
   * deleted from all the time leaves tables behind, and V8 keeps what they hold until a full collection.
   */
  const lastOf = new Map<Socket, NodeRequest | undefined>()
  /** Those whose end has been announced: what is asked on them now would be done, and its answer dropped. */
  const ending = new WeakSet<Socket>()
  server.on('connection', (socket: Socket) => {
    lastOf.set(socket, undefined)
    socket.once('close', () => lastOf.delete(socket))
    // A client that says that it sends no more has gone away, or still reads: TCP does not tell which. Its call is given up, and
    // it gets the answer, which is then that, or what the call came to before.
    socket.once('end', () => lastOf.get(socket)?.client.cancel(clientGone))
  })
  const closeIdleConnections = server.closeIdleConnections.bind(server)
  server.closeIdleConnections = () => {
    // node:http takes a connection for idle that has been handed its answer, and cuts off what has not been sent yet.
    if (openAnswers > 0) return
    closeIdleConnections()
    // Node 24 waits for those on which nothing has been asked yet, such as browsers open in advance.
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
      if (!response.writableFinished) request.client.cancel(clientGone)
      if (!server.listening) server.closeIdleConnections()
    })
    const refusal = checkSingletons(incoming.rawHeaders) ?? checkHost(incoming)
    const sendOptions = (): SendOptions => {
      // Of requests that came together, all are answered before the connection ends.
      const closes = (isDraining || socket.readableEnded) && lastOf.get(socket) === request
      if (closes) ending.add(socket)
      return { closes, bodyLimitBytes, unsent }
    }
    try {
      const made = refusal ? handler.refuse(refusal, request) : await handler.answer(request)
      sendAnswer(hasRoomFor(made) ? made : handler.refuse(tooMuchUnsent(), request), exchange, sendOptions())
    } catch (error) {
      log.error({ error: toLogFields(error) }, 'an answer could not be sent')
      sendAnswer(handler.refuse(InternalError(), request), exchange, sendOptions())
    }
  }

  function hasRoomFor({ body }: HttpAnswer): boolean {
    if (typeof body !== 'string' || unsent.makesRoomFor(body.length)) return true
    log.warn(
      { bytes: body.length, maxUnsentBytes },
      'answer replaced by 503: too many bytes wait for clients',
    )
    return false
  }

  server.on('request', (incoming, response) => void answer({ incoming, response }))
  // A client that asks before it sends is told to when the body is read, and so never where the header fields refuse it.
  server.on('checkContinue', (incoming, response) => {
    void answer({ incoming, response }, () => response.writeContinue())
  })
  // Nothing else is expected of this server; node:http would answer 417, and not as a problem.
  server.on('checkExpectation', (incoming, response) => void answer({ incoming, response }))
  refuseBroken(server, handler, log)

  const drain = (): void => {
    isDraining = true
  }
  return {
    server,
    drain,
    unfinishedClients() {
      const reading = unsent.list().map(({ requestId, sentBytes, totalBytes }) => {
        return `a client that had not read its answer with the request id ${requestId} (${sentBytes} of ${totalBytes} bytes sent)`
      })
      const sending = [...lastOf.values()].filter((last) => last?.isComplete === false)
      return [...reading, ...sending.map(() => 'a client that was still sending its request')]
    },
    async close() {
      drain()
      // A request that has arrived makes its connection a busy one only when it has been read, which the event loop does once
      // between two of these. Closing a connection with an unread request would reset it, and the client would not know why.
      await setImmediate()
      await setImmediate()
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
        // Whoever has begun to ask gets a moment to come to the end of it; half a question holds nobody up.
        setTimeout(() => {
          for (const [socket, last] of lastOf) if (last === undefined) socket.destroy()
        }, unfinishedMs).unref()
      })
    },
  }
}

function tooMuchUnsent(): ProblemError {
  return Unavailable({ detail: 'Too many answers wait for clients that are slow to read them.' })
}
