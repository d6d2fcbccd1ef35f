import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { HoldfastError } from '../../../kernel/base/holdfast-error.ts'

/** The address that a server listens on. */
export interface ListenOptions {
  /** The port. 0: any free port. `undefined`: 3000, or the next free port. */
  readonly port: number | undefined
  readonly host: string
  /** Receives a notice if a port other than the default is used. */
  readonly notify: (message: string) => void
}

const defaultPort = 3_000
const portAttempts = 20

/** Starts to listen and returns the port. */
export async function listen(server: Server, { port, host, notify }: ListenOptions): Promise<number> {
  if (port !== undefined) {
    if (await tryListening(server, port, host)) return portOf(server)
    throw portInUse(`Port ${port} on ${host} is in use by another process.`, port)
  }
  for (let next = defaultPort; next <= defaultPort + portAttempts; next += 1) {
    if (!(await tryListening(server, next, host))) continue
    if (next !== defaultPort) notify(`port ${defaultPort} is in use; listening on ${next}`)
    return next
  }
  throw portInUse(
    `The ports ${defaultPort} to ${defaultPort + portAttempts} on ${host} are all in use.`,
    defaultPort,
  )
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port
}

/** Listens on a port. Resolves to false if the port is in use. */
function tryListening(server: Server, port: number, host: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const settle = (error?: NodeJS.ErrnoException): void => {
      server.off('error', settle).off('listening', settle)
      if (!error) resolve(true)
      else if (error.code === 'EADDRINUSE') resolve(false)
      else reject(cannotListen(error, port, host))
    }
    server.once('error', settle).once('listening', settle)
    server.listen(port, host)
  })
}

function portInUse(what: string, port: number): HoldfastError {
  return new HoldfastError(
    'port-in-use',
    `${what} End that process (lsof -i :${port} shows it), or choose another port: PORT=${port + 1}, or the option port.`,
  )
}

function cannotListen(cause: NodeJS.ErrnoException, port: number, host: string): HoldfastError {
  if (cause.code === 'EACCES') {
    return new HoldfastError(
      'port-forbidden',
      `No permission to listen on port ${port} on ${host}. Choose a port from 1024 (such as PORT=8080), or grant the process permission.`,
      { cause },
    )
  }
  return new HoldfastError(
    'host-unavailable',
    `Cannot listen on ${host} (${cause.code}): HOST, or the option host, must be an address of this machine, such as 127.0.0.1 (local only) or 0.0.0.0 (all interfaces).`,
    { cause },
  )
}
