import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { overTcp } from './over-tcp.ts'

/**
 * A proxy in front of several servers, like a load balancer or a service name: it sends new
 * connections to one of them.
 */
export interface SwitchedProxy {
  /** The URL of a database through the proxy. */
  readonly url: string
  /** Sends new connections to a different server. Open connections stay with their server. */
  switchTo(url: string): void
  /** Closes all open connections. */
  drop(): void
  close(): Promise<void>
}

/** Starts a proxy that forwards to the server at a URL, until it is switched. */
export async function startSwitchedProxy(url: string): Promise<SwitchedProxy> {
  let target = overTcp(url)
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const backend = connect(Number(target.port), target.hostname)
    for (const [from, to] of [
      [client, backend],
      [backend, client],
    ] as const) {
      sockets.add(from)
      // A failed connection emits `close` right after the error, and that event is handled.
      from.on('error', () => {})
      from.once('close', () => {
        sockets.delete(from)
        to.destroy()
      })
      from.pipe(to)
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const drop = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    url: overTcp(url, port).href,
    switchTo: (next) => void (target = overTcp(next)),
    drop,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        drop()
      }),
  }
}
