import { connect } from 'node:net'

/** Which backend to interrupt, and where its server is. */
export interface BackendAddress {
  readonly host: string
  readonly port: number
  readonly processId: number
  readonly secretKey: number
}

// "1234.5678" in its two halves: the protocol's code for a cancel request.
const cancelCode = 80_877_102
const patienceMs = 1_000

/**
 * Asks the server to interrupt the statement that a backend runs, over a connection of its own, as the protocol has it.
 * Resolves when the server has taken the request (it closes the connection then), or could not be reached: whether
 * the statement ended, only its own connection tells.
 */
export function requestCancel({ host, port, processId, secretKey }: BackendAddress): Promise<boolean> {
  const request = Buffer.alloc(16)
  request.writeInt32BE(16, 0)
  request.writeInt32BE(cancelCode, 4)
  request.writeInt32BE(processId, 8)
  request.writeInt32BE(secretKey, 12)
  return new Promise((resolve) => {
    const socket = host.startsWith('/') ? connect(`${host}/.s.PGSQL.${port}`) : connect(port, host)
    let isTaken = false
    socket.setTimeout(patienceMs, () => socket.destroy())
    socket.once('connect', () => socket.write(request))
    socket.once('end', () => (isTaken = true))
    socket.once('error', () => socket.destroy())
    socket.once('close', () => resolve(isTaken))
    socket.resume()
  })
}
