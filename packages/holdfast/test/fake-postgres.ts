import { createServer, type Socket } from 'node:net'

/** A server that takes any session of Postgres' protocol, and ends it in the packet that says it is ready. */
export interface FakePostgres extends AsyncDisposable {
  readonly url: string
  /** The number of sessions that were opened and ended. */
  readonly sessions: number
}

function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5)
  head.write(type, 0, 'latin1')
  head.writeInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}

/** Starts a server whose sessions end right after their handshake, in one packet with it. */
export async function startEndingPostgres(): Promise<FakePostgres> {
  const fields = ['SFATAL', 'VFATAL', 'C57P01', 'Mterminating connection due to administrator command']
  const ending = Buffer.concat([
    // AuthenticationOk, BackendKeyData, ReadyForQuery, ErrorResponse.
    message('R', Buffer.alloc(4)),
    message('K', Buffer.alloc(8)),
    message('Z', Buffer.from('I')),
    message('E', Buffer.from(`${fields.join('\0')}\0\0`)),
  ])
  const sockets = new Set<Socket>()
  let sessions = 0
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    socket.once('data', () => {
      sessions += 1
      socket.end(ending)
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
