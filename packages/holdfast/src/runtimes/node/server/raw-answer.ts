import type { Duplex } from 'node:stream'
import type { HttpAnswer } from '../../../transports/http/answer/http-answer.ts'

// Time for a client to read the response before its connection is closed.
const lingerMs = 1_000

/**
 * Sends a response on a connection for which node:http has no response object, and ends the
 * connection.
 */
export function sendRawAnswer({ status, headers, body }: HttpAnswer, socket: Duplex): void {
  const { STATUS_CODES } = process.getBuiltinModule('node:http')
  const content = body ?? ''
  const fields = {
    ...headers,
    date: new Date().toUTCString(),
    'content-length': Buffer.byteLength(content),
    connection: 'close',
  }
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n`)
  socket.end(content)
  // Further input is discarded until the connection ends. Closing with unread bytes would reset the
  // connection, and the client would lose the response.
  socket.resume()
  const timer = setTimeout(() => socket.destroy(), lingerMs)
  socket.once('close', () => clearTimeout(timer))
}
