import type { IncomingMessage, ServerResponse } from 'node:http'
import type { HttpAnswer } from '../../../transports/http/answer/http-answer.ts'
import type { UnsentAnswer, UnsentAnswers } from './unsent-answers.ts'

/** The two sides of one request. */
export interface NodeExchange {
  readonly incoming: IncomingMessage
  readonly response: ServerResponse
}

/** Options of {@link sendAnswer}. */
export interface SendOptions {
  /** True if the connection ends with this response. */
  readonly closes: boolean
  /**
   * Max size of an unread body. A body up to this size is still received, so that the connection
   * can be kept.
   */
  readonly bodyLimitBytes: number
  /** Receives the response if the kernel does not accept all of it immediately. */
  readonly unsent: UnsentAnswers
}

// Max time to wait for a client that is still sending. Such a client may not read the response
// until it has finished sending.
const lingerMs = 1_000

// Number of bytes passed to the socket at a time. Each accepted slice counts as progress of the
// client.
const sliceBytes = 65_536

/**
 * Sends a response. If a client is still sending an oversized body, the connection is closed after
 * the response.
 */
export function sendAnswer(answer: HttpAnswer, exchange: NodeExchange, options: SendOptions): void {
  const { incoming, response } = exchange
  const lingers = !incoming.complete && !isWorthTaking(incoming, options.bodyLimitBytes)
  const { status } = answer
  const content = toContent(answer.body)
  const length = content === null ? 0 : Buffer.byteLength(content)
  const headers: string[] = []
  for (const name in answer.headers) headers.push(name, answer.headers[name]!)
  for (const cookie of answer.cookies ?? []) headers.push('set-cookie', cookie)
  if (content !== null || (incoming.method !== 'HEAD' && status !== 204 && status !== 304)) {
    headers.push('content-length', String(length))
  }
  if (options.closes || lingers) headers.push('connection', 'close')
  response.writeHead(status, headers)
  // Closing with unread bytes would reset the connection, and the client would lose the response.
  // Therefore the whole response is sent, and further input is discarded for a while before the
  // connection ends.
  const finish = lingers ? () => linger(exchange) : undefined
  let unsent: UnsentAnswer | undefined
  if (typeof content === 'object' && content !== null) {
    unsent = toUnsent(answer, response, length)
    writeSlices(content, unsent, finish)
  } else if (finish) {
    response.write(content ?? '')
    finish()
  } else response.end(content)
  if (response.writableLength === 0 || response.destroyed) return
  options.unsent.add(unsent ?? toUnsent(answer, response, length))
}

function toUnsent(answer: HttpAnswer, response: ServerResponse, totalBytes: number): UnsentAnswer {
  return {
    response,
    requestId: answer.headers['x-request-id'],
    totalBytes,
    // A binary body does not count, because other responses share it.
    heldBytes: typeof answer.body === 'string' ? totalBytes : 0,
    sentBytes: 0,
    stalledMs: 0,
  }
}

/** Long text is encoded here, so that the text itself can be released while the bytes are sent. */
function toContent(body: HttpAnswer['body']): string | Uint8Array | null {
  return typeof body === 'string' && body.length > sliceBytes ? Buffer.from(body) : body
}

/**
 * Writes content as fast as the client reads it. `finish` is called after the last part; without
 * `finish`, the response ends.
 */
function writeSlices(content: Uint8Array, unsent: UnsentAnswer, finish: (() => void) | undefined): void {
  const { response } = unsent
  let offset = 0
  const writeOn = (): void => {
    // The socket has passed on all earlier slices.
    unsent.sentBytes = offset
    unsent.stalledMs = 0
    for (;;) {
      const slice = content.subarray(offset, offset + sliceBytes)
      offset += slice.length
      const isLast = offset === content.length
      if (isLast && !finish) {
        response.end(slice)
        return
      }
      const goesOn = response.write(slice)
      if (isLast) {
        finish?.()
        return
      }
      if (!goesOn) break
    }
    response.once('drain', writeOn)
  }
  writeOn()
}

/** Ends a response when its client has finished sending, or has taken too long. */
function linger({ incoming, response }: NodeExchange): void {
  const end = (): void => {
    clearTimeout(timer)
    response.end()
  }
  const timer = setTimeout(end, lingerMs)
  incoming.once('close', end).once('end', end).resume()
}

/** Returns true if the rest of a body is known to be short, so that node:http may receive it. */
function isWorthTaking(incoming: IncomingMessage, bodyLimitBytes: number): boolean {
  const announced = incoming.headers['content-length']
  return announced !== undefined && Number(announced) <= bodyLimitBytes
}
