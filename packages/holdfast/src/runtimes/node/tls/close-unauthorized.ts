import type { Server, TLSSocket } from 'node:tls'

/** Closes each connection whose client has sent a certificate that cannot be verified. */
export function closeUnauthorized(server: Server): void {
  server.prependListener('secureConnection', (socket: TLSSocket) => {
    if (!socket.authorized && socket.getPeerX509Certificate()) socket.destroy()
  })
}
