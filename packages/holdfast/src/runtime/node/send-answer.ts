import type { IncomingMessage, ServerResponse } from 'node:http'
import type { HttpAnswer } from '../../http/http-answer.ts'
import type { UnsentAnswer, UnsentAnswers } from './unsent-answers.ts'

/** The two sides of one request. */
export interface NodeExchange {
  readonly incoming: IncomingMessage
  readonly response: ServerResponse
}

/** Options of {@link sendAnswer}. */
export interface SendOptions {
  /** Whether the connection ends with this answer. */
  readonly closes: boolean
  /** How much of a body that nobody has read is worth taking in, to keep its connection. */
  readonly bodyLimitBytes: number
  /** Gets the answer if the kernel does not take all of it at once. */
  readonly unsent: UnsentAnswers
}

// A client that is still sending reads the answer late; one that is never done is not waited for.
const lingerMs = 1_000

// What is handed to the socket at a time. Whether a client reads is seen by one of these having been taken.
const sliceBytes = 65_536

/** Sends an answer. A client that is still sending its body, too much of it, gets the answer and then the end of the connection. */
export function sendAnswer(answer: HttpAnswer, exchange: NodeExchange, options: SendOptions): void {
  const { incoming, response } = exchange
  const lingers = !incoming.complete && !isWorthTaking(incoming, options.bodyLimitBytes)
  const { status } = answer
  const content = toContent(answer.body)
  const length = content === null ? 0 : Buffer.byteLength(content)
  const headers: string[] = []
  for (const name in answer.headers) headers.push(name, answer.headers[name]!)
  if (content !== null || (incoming.method !== 'HEAD' && status !== 204 && status !== 304)) {
    headers.push('content-length', String(length))
  }
  if (options.closes || lingers) headers.push('connection', 'close')
  response.writeHead(status, headers)
  // Closing with unread bytes resets the connection, and the client loses the answer. So it is sent whole, and what
  // still comes is thrown away for a while before the connection ends.
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
    // Bytes that came as such are shared with other answers.
    heldBytes: typeof answer.body === 'string' ? totalBytes : 0,
    sentBytes: 0,
    stalledMs: 0,
  }
}

/** Text that is long is encoded here, so that its only copy is one that is let go of as it is sent. */
function toContent(body: HttpAnswer['body']): string | Uint8Array | null {
  return typeof body === 'string' && body.length > sliceBytes ? Buffer.from(body) : body
}

/** Writes content as fast as the client takes it; `finish` is called when all has been taken, by default to end the response. */
function writeSlices(content: Uint8Array, unsent: UnsentAnswer, finish: (() => void) | undefined): void {
  const { response } = unsent
  let offset = 0
  const writeOn = (): void => {
    // It is written to again when it has handed over all that it had.
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

/** Ends a response when its client has sent all that it was sending, or has taken too long. */
function linger({ incoming, response }: NodeExchange): void {
  const end = (): void => {
    clearTimeout(timer)
    response.end()
  }
  const timer = setTimeout(end, lingerMs)
  incoming.once('close', end).once('end', end).resume()
}

/** Whether the rest of a body is known to be short; node:http then takes it in by itself. */
function isWorthTaking(incoming: IncomingMessage, bodyLimitBytes: number): boolean {
  const announced = incoming.headers['content-length']
  return announced !== undefined && Number(announced) <= bodyLimitBytes
}
