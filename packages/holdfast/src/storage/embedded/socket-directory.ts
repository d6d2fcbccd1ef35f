import { rmSync } from 'node:fs'
import { fitsSocketAddress, toSocketPath } from '../postgres/session/database-url.ts'
import { makeFolder } from './folders.ts'
import type { Home } from './home.ts'

/**
 * Creates the directory of the server's Unix socket, which only the user of the server can open.
 * Call it only while the home is locked and no server runs in it.
 *
 * @returns the value of `unix_socket_directories`; it is empty, for no socket, if the path of the
 * socket would be too long.
 */
export function prepareSocketDirectory({ sockets, account, notify }: Home, port: number): string {
  // Postgres replaces the socket of a killed server. But it refuses to start if the process ID in
  // the socket's lock file now belongs to another program.
  rmSync(sockets, { recursive: true, force: true })
  const path = toSocketPath(sockets, port)
  if (!fitsSocketAddress(path)) {
    notify(`The path of the Unix socket ${path} is too long for this system; Postgres uses TCP only.`)
    return ''
  }
  makeFolder(sockets, { mode: 0o700, account })
  return `"${sockets.replaceAll('"', '""')}"`
}

/** Returns whether the log shows that the system does not allow the socket. */
export function isSocketRefused(log: string): boolean {
  return log.includes('could not create any Unix-domain sockets')
}
