import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls, type ConnectionOptions } from 'node:tls'
import type { ConnectionTls } from './connection-url.ts'
import { isSocketDirectory, toSocketPath } from './database-url.ts'

/** The backend to interrupt, and the address of its server. */
export interface BackendAddress {
  /** The host, or the directory of the Unix socket. */
  readonly host: string
  readonly port: number
  readonly processId: number
  readonly secretKey: number
  /**
   * The encryption of the backend's connection. A cancel request needs the same protection: an
   * attacker who reads its key could also send cancel requests.
   */
  readonly tls: ConnectionTls
}

// The protocol's code for a cancel request: 1234 and 5678 as two 16-bit halves. The code for a TLS
// request is 1234 and 5679.
const cancelCode = 80_877_102
const tlsCode = 80_877_103
const timeoutMs = 1_000

/**
 * Asks the server to interrupt the statement that a backend runs, over a separate connection to the
 * same address, encrypted and verified like the backend's. Resolves to `true` when the server has
 * accepted the request (the server then closes the connection), and to `false` if the server could
 * not be reached. Only the backend's own connection shows whether the statement ended.
 */
export function requestCancel(backend: BackendAddress): Promise<boolean> {
  const { host, port, tls } = backend
  return new Promise((resolve) => {
    let isTaken = false
    const socket = isSocketDirectory(host) ? connect(toSocketPath(host, port)) : connect(port, host)
    const timer = setTimeout(() => socket.destroy(), timeoutMs)
    function ask(on: Socket): void {
      on.once('end', () => (isTaken = true))
      on.write(cancelRequest(backend))
      on.resume()
    }
    function encrypt(options: ConnectionOptions): void {
      const encrypted = connectTls({ ...options, ...namesOf(backend), socket })
      encrypted.once('secureConnect', () => ask(encrypted))
      encrypted.once('error', () => socket.destroy())
      encrypted.once('close', () => socket.destroy())
    }
    socket.once('connect', () => {
      if (tls.options === undefined) ask(socket)
      else if (tls.isDirect) encrypt(tls.options)
      else requestTls(socket, () => encrypt(tls.options!))
    })
    socket.once('error', () => socket.destroy())
    socket.once('close', () => {
      clearTimeout(timer)
      resolve(isTaken)
    })
  })
}

/**
 * Asks the server for TLS. Calls `accepted` if the server agrees, and closes the connection
 * otherwise.
 */
function requestTls(socket: Socket, accepted: () => void): void {
  const request = Buffer.alloc(8)
  request.writeInt32BE(8, 0)
  request.writeInt32BE(tlsCode, 4)
  socket.write(request)
  socket.once('data', (answer) => {
    if (answer.toString('latin1') === 'S') accepted()
    else socket.destroy()
  })
}

/** Returns the TLS options that depend on the host: the expected name, SNI and ALPN. */
function namesOf({ host, tls }: BackendAddress): ConnectionOptions {
  return {
    host,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(tls.isDirect ? { ALPNProtocols: ['postgresql'] } : {}),
  }
}

function cancelRequest({ processId, secretKey }: BackendAddress): Buffer {
  const request = Buffer.alloc(16)
  request.writeInt32BE(16, 0)
  request.writeInt32BE(cancelCode, 4)
  request.writeInt32BE(processId, 8)
  request.writeInt32BE(secretKey, 12)
  return request
}
