import { existsSync, readdirSync, rmSync } from 'node:fs'
import { fitsSocketAddress, toSocketPath } from '../postgres/session/database-url.ts'
import { makeFolder } from './folders.ts'
import type { Home } from './home.ts'

/**
 * Creates the directory of the server's Unix socket, which only the user of the server can open.
 * Call it only while the home is locked and no server runs in it.
 *
 * @returns the value of `unix_socket_directories`; empty (no socket) if the socket's path would be
 * too long.
 */
export function prepareSocketDirectory({ sockets, account, notify }: Home, port: number): string {
  if (!removeSockets(sockets)) {
    notify(`${sockets} contains files other than Unix sockets; Postgres uses TCP only.`)
    return ''
  }
  const path = toSocketPath(sockets, port)
  if (!fitsSocketAddress(path)) {
    notify(`The path of the Unix socket ${path} is too long for this system; Postgres uses TCP only.`)
    return ''
  }
  makeFolder(sockets, { mode: 0o700, account })
  return `"${sockets.replaceAll('"', '""')}"`
}

/**
 * Removes the directory with the sockets of killed servers, and their lock files. Postgres replaces
 * such a socket, but refuses to start if the process ID in the lock file now belongs to another
 * program.
 *
 * @returns `false` if the directory contains files that are not sockets.
 */
function removeSockets(directory: string): boolean {
  if (!existsSync(directory)) return true
  const names = readdirSync(directory)
  if (names.some((name) => !name.startsWith('.s.PGSQL.'))) return false
  rmSync(directory, { recursive: true })
  return true
}

/** Returns whether the log shows that the system does not allow the socket. */
export function isSocketRefused(log: string): boolean {
  return log.includes('could not create any Unix-domain sockets')
}
