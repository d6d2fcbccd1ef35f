import { createServer, type Socket } from 'node:net'

/** A server that takes any session of Postgres' protocol, and never answers a statement. */
export interface FakePostgres extends AsyncDisposable {
  readonly url: string
  /** The number of sessions that were opened. */
  readonly sessions: number
}

function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5)
  head.write(type, 0, 'latin1')
  head.writeInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}

/** Starts a server whose sessions end right after their handshake, in one packet with it. */
export function startEndingPostgres(): Promise<FakePostgres> {
  const fields = ['SFATAL', 'VFATAL', 'C57P01', 'Mterminating connection due to administrator command']
  const ending = message('E', Buffer.from(`${fields.join('\0')}\0\0`))
  return startServer((socket) => socket.end(Buffer.concat([handshake, ending])))
}

/** Starts a server that says nothing more after the handshake, as one that hangs, or a proxy without its server. */
export function startSilentPostgres(): Promise<FakePostgres> {
  return startServer((socket) => socket.write(handshake))
}

// AuthenticationOk, BackendKeyData, ReadyForQuery.
const handshake = Buffer.concat([
  message('R', Buffer.alloc(4)),
  message('K', Buffer.alloc(8)),
  message('Z', Buffer.from('I')),
])

async function startServer(answer: (socket: Socket) => void): Promise<FakePostgres> {
  const sockets = new Set<Socket>()
  let sessions = 0
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    socket.once('data', () => {
      sessions += 1
      answer(socket)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    url: `postgres://app@127.0.0.1:${port}/app`,
    get sessions() {
      return sessions
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
