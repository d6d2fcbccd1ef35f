import { createServer, connect, type Socket } from 'node:net'

/**
 * Where a connection is cut: `before` the COMMIT reaches the server, `after` it was carried out but before its reply reaches the
 * client, or `silent`, as after, but without a word to the client, whose connection just hangs.
 */
export type Cut = 'before' | 'after' | 'silent'

/** A proxy before Postgres that cuts connections at their COMMIT. */
export interface CuttingProxy {
  /** The URL of the database through the proxy. */
  readonly url: string
  /** Cuts the next connection that commits, once. */
  cutNext(cut: Cut): void
  /** How often it has cut. */
  readonly cuts: number
  close(): Promise<void>
}

// A simple query of the protocol: 'Q', its length, the text and a zero byte.
const commit = Buffer.concat([Buffer.from('Q'), Buffer.from([0, 0, 0, 11]), Buffer.from('COMMIT\0')])

/** Starts a proxy before the Postgres server of a URL. */
export async function startCuttingProxy(databaseUrl: string): Promise<CuttingProxy> {
  const target = new URL(databaseUrl)
  const sockets = new Set<Socket>()
  let next: Cut | undefined
  let cuts = 0

  function keep(socket: Socket): Socket {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => sockets.delete(socket))
    return socket
  }

  const proxy = createServer((client) => {
    const server = keep(connect(Number(target.port), target.hostname))
    keep(client)
    let cut: Cut | undefined
    client.on('data', (data: Buffer) => {
      if (next && data.includes(commit)) {
        cut = next
        next = undefined
        cuts += 1
        if (cut === 'before') {
          client.destroy()
          server.destroy()
          return
        }
      }
      server.write(data)
    })
    server.on('data', (data: Buffer) => {
      if (!cut) client.write(data)
      else if (cut === 'after') {
        client.destroy()
        server.destroy()
      }
    })
    client.on('close', () => server.destroy())
    server.on('close', () => cut !== 'silent' && client.destroy())
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  const address = proxy.address()
  const url = new URL(databaseUrl)
  url.port = String(typeof address === 'object' && address !== null ? address.port : 0)
  return {
    url: url.href,
    cutNext(cut) {
      next = cut
    },
    get cuts() {
      return cuts
    },
    close: () =>
      new Promise((resolve) => {
        proxy.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}
