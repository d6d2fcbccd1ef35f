import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Answer } from '../../kernel/answer.ts'

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
}

// A client that is still sending reads the answer late; one that is never done is not waited for.
const lingerMs = 1_000

/** Sends an answer. A client that is still sending its body, too much of it, gets the answer and then the end of the connection. */
export function sendAnswer(answer: Answer, { incoming, response }: NodeExchange, options: SendOptions): void {
  const lingers = !incoming.complete && !isWorthTaking(incoming, options.bodyLimitBytes)
  const { status, body } = answer
  const headers: string[] = []
  for (const name in answer.headers) headers.push(name, answer.headers[name]!)
  if (body !== null) headers.push('content-length', String(Buffer.byteLength(body)))
  else if (incoming.method !== 'HEAD' && status !== 204 && status !== 304) headers.push('content-length', '0')
  if (options.closes || lingers) headers.push('connection', 'close')
  response.writeHead(status, headers)
  if (!lingers) {
    response.end(body)
    return
  }
  // Closing with unread bytes resets the connection, and the client loses the answer. So it is sent whole, and what
  // still comes is thrown away for a while before the connection ends.
  response.write(body ?? '')
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
