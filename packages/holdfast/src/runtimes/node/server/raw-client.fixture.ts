import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** A response as received over the wire. */
export interface RawAnswer {
  readonly status: number
  /** Header fields, by lower-case name. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** A connection for sending bytes that no HTTP client would send. */
export interface RawClient extends Disposable {
  readonly socket: Socket
  /** Sends text unchanged. */
  send(text: string): void
  /**
   * Returns the next response, delimited by its `Content-Length`. The response to a `HEAD` has no
   * content.
   */
  answer(method?: 'HEAD'): Promise<RawAnswer>
  /** Sends bytes that the server discards. Resolves to true if the server has read all of them. */
  sendInVain(bytes: number): Promise<boolean>
  /** Returns the text received after the responses already read. */
  rest(): string
  /** Resolves when the server has closed the connection. */
  readonly closed: Promise<void>
}

/**
 * Opens a connection. With `allowHalfOpen`, the client can still send after the server has ended
 * its side.
 */
export async function openRaw(
  port: number,
  options: { readonly allowHalfOpen?: boolean } = {},
): Promise<RawClient> {
  const socket = connect({ port, host: '127.0.0.1', ...options })
  await once(socket, 'connect')
  let received = ''
  let needed = 0
  const closed = new Promise<void>((resolve) => {
    socket.once('end', resolve).once('close', () => resolve())
  })
  // A test may provoke a reset. It then checks the response, so the error is ignored.
  socket.on('error', () => {})
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1')
  })

  /** Removes a whole response from the received bytes, and returns it. */
  function take(method: 'HEAD' | undefined): RawAnswer | undefined {
    if (received.length < needed) return undefined
    const end = received.indexOf('\r\n\r\n')
    if (end === -1) return undefined
    const [statusLine, ...lines] = received.slice(0, end).split('\r\n')
    const fields = lines.map((line) => line.split(/: ?(.*)/s))
    const headers = Object.fromEntries(fields.map(([name, value]) => [name!.toLowerCase(), value!]))
    needed = end + 4 + (method === 'HEAD' ? 0 : Number(headers['content-length'] ?? 0))
    if (received.length < needed) return undefined
    const body = received.slice(end + 4, needed)
    received = received.slice(needed)
    needed = 0
    return { status: Number(statusLine!.split(' ')[1]), headers, body }
  }

  return {
    socket,
    closed,
    send: (text) => void socket.write(text),
    sendInVain: (bytes) =>
      new Promise((resolve) => {
        socket.write(Buffer.alloc(bytes, ' '), (error) => resolve(!error))
      }),
    rest: () => received,
    async answer(method) {
      let isOpen = true
      for (;;) {
        const answer = take(method)
        if (answer) return answer
        if (!isOpen)
          throw new Error(`The connection ended with ${JSON.stringify(received)}, which is not an answer.`)
        isOpen = await Promise.race([once(socket, 'data').then(() => true), closed.then(() => false)])
      }
    },
    [Symbol.dispose]: () => void socket.destroy(),
  }
}
