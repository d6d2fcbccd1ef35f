import { createServer, type Socket } from 'node:net'

/** A server that accepts any session of the Postgres protocol, with a fixed behaviour. */
export interface FakePostgres extends AsyncDisposable {
  readonly url: string
  /** The number of sessions opened. */
  readonly sessions: number
}

function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5)
  head.write(type, 0, 'latin1')
  head.writeInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}

/** Starts a server whose sessions end right after their handshake, in the same packet. */
export function startEndingPostgres(): Promise<FakePostgres> {
  const fields = ['SFATAL', 'VFATAL', 'C57P01', 'Mterminating connection due to administrator command']
  const ending = message('E', Buffer.from(`${fields.join('\0')}\0\0`))
  return startServer((socket) => socket.end(Buffer.concat([handshake, ending])))
}

/**
 * Starts a server that sends nothing after the handshake, like a hanging server or a proxy that has
 * lost its server.
 */
export function startSilentPostgres(): Promise<FakePostgres> {
  return startServer((socket) => socket.write(handshake))
}

/** Starts a server that answers every simple query with the same row. */
export function startAnsweringPostgres(
  row: Readonly<Record<string, string | number | boolean>>,
): Promise<FakePostgres> {
  const columns = Object.entries(row).map(([name, value]) => {
    const field = Buffer.alloc(18)
    // The ids of the types bool, int4 and text.
    field.writeInt32BE({ boolean: 16, number: 23 }[typeof value as string] ?? 25, 6)
    return Buffer.concat([Buffer.from(`${name}\0`), field])
  })
  const values = Object.values(row).map((value) => {
    const text = Buffer.from(typeof value === 'boolean' ? (value ? 't' : 'f') : String(value))
    return Buffer.concat([int32(text.length), text])
  })
  const count = Buffer.from([0, columns.length])
  const answer = Buffer.concat([
    message('T', Buffer.concat([count, ...columns])),
    message('D', Buffer.concat([count, ...values])),
    message('C', Buffer.from('SELECT 1\0')),
    message('Z', Buffer.from('I')),
  ])
  return startServer((socket) => {
    socket.write(handshake)
    socket.on('data', (data) => {
      if (data.toString('latin1', 0, 1) === 'Q') socket.write(answer)
      else socket.end()
    })
  })
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
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
