import type { Server } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Handler } from '../../../transports/http/handler.ts'
import type { Logger } from '../../../kernel/base/log.ts'
import { ProblemError } from '../../../kernel/problem/problem.ts'
import {
  BadRequest,
  HeadersTooLarge,
  MethodNotAllowed,
  RequestTimeout,
} from '../../../kernel/problem/problems.ts'
import { headerOf } from './node-request.ts'
import { sendRawAnswer } from './raw-answer.ts'

/** The error that node:http reports for a request that it cannot parse. */
interface ClientError extends Error {
  readonly code?: string
  /** The parser's message, which contains no part of the request. */
  readonly reason?: string
}

/** The response that node:http is about to send on a connection. Node's types do not declare it. */
interface UnfinishedResponse {
  readonly headersSent: boolean
  readonly req: { readonly complete: boolean }
}

/**
 * Answers with problem documents when node:http emits no `request` event: for malformed input,
 * timeouts and CONNECT.
 */
export function rejectMalformed(server: Server, handler: Pick<Handler, 'refuse'>, log: Logger): void {
  const refused = new WeakSet<Duplex>()
  server.on('clientError', (error: ClientError, socket: Duplex) => {
    // The parser fails again for every further byte. Only the first failure is answered.
    if (refused.has(socket)) return
    refused.add(socket)
    log.debug({ code: error.code }, 'connection broken')
    if (error.code === 'ECONNRESET' || !socket.writable || isAnswered(socket)) {
      socket.destroy()
      return
    }
    sendRawAnswer(handler.refuse(toProblem(error)), socket)
  })
  server.on('connect', (incoming, socket) => {
    const problem = new ProblemError(MethodNotAllowed, {
      detail: 'CONNECT is not supported: this server is not a proxy.',
      extra: {},
      headers: { allow: '' },
    })
    sendRawAnswer(
      handler.refuse(problem, {
        method: incoming.method ?? '',
        header: (name) => headerOf(incoming, name),
      }),
      socket,
    )
  })
}

/**
 * Returns true if an earlier request is still being answered: its call runs, or its response is
 * being written. The client would treat a further response as the response to that request.
 */
function isAnswered(socket: Duplex): boolean {
  const { _httpMessage: response } = socket as { _httpMessage?: UnfinishedResponse | null }
  return response?.headersSent === true || response?.req.complete === true
}

function toProblem({ code, reason }: ClientError): ProblemError {
  if (code === 'HPE_HEADER_OVERFLOW') return HeadersTooLarge()
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return RequestTimeout()
  return BadRequest({
    detail: `Malformed HTTP/1.1 request (RFC 9112)${reason === undefined ? '' : `: ${reason}`}.`,
  })
}
