import { createHash } from 'node:crypto'
import { lstatSync, readdirSync, rmdirSync, statSync, symlinkSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { Account } from './account.ts'
import { attempt } from './error-code.ts'
import { give, makeFolder, resolveLinks } from './folders.ts'
import { canReach } from './reachable.ts'
import { serverAccount } from './server-account.ts'
import { unavailable } from './unavailable.ts'

/**
 * The folder for the files of a server started by root, if the server's unprivileged user cannot
 * reach the requested folder.
 */
export const asideDirectory = '/var/lib/holdfast'

/** The folder of an embedded Postgres and its owner. */
export interface Home {
  /** The absolute path of the folder that contains everything, without symbolic links. */
  readonly directory: string
  /** The data directory of Postgres. */
  readonly data: string
  /** The directory of the Unix socket. Only the user that the server runs as can open it. */
  readonly sockets: string
  /** The Postgres log file, with the entries since the last start. */
  readonly log: string
  /** The user that the server runs as; `undefined` for the user of this process. */
  readonly account: Account | undefined
  /** Receives messages for the user. */
  readonly notify: (message: string) => void
}

/**
 * Creates the folder of an embedded Postgres. If Postgres cannot reach that folder, creates a
 * folder elsewhere, and makes the requested path a link to it.
 */
export function openHome(requested: string, notify: (message: string) => void): Home {
  let directory = resolveLinks(resolve(requested))
  const account = serverAccount(directory)
  makeFolder(dirname(directory), { mode: 0o755, account })
  if (account && !canReach(directory, account)) directory = putAside(directory, notify)
  makeFolder(directory, { mode: 0o700, account })
  if (account) takeOwnership(directory, account)
  return {
    directory,
    data: join(directory, 'data'),
    sockets: join(directory, 'socket'),
    log: join(directory, 'postgres.log'),
    account,
    notify,
  }
}

function putAside(directory: string, notify: (message: string) => void): string {
  const aside = join(asideDirectory, asideName(directory))
  if (lstatSync(directory, { throwIfNoEntry: false })?.isDirectory()) {
    if (readdirSync(directory).length > 0) throw notOurs(directory)
    attempt(() => rmdirSync(directory), ['ENOENT', 'ENOTDIR'])
  }
  makeFolder(asideDirectory, { mode: 0o755 })
  attempt(() => symlinkSync(aside, directory), ['EEXIST'])
  notify(
    `${directory} is only accessible to root, and Postgres refuses to run as root, so the files of Postgres are in ${aside}.`,
  )
  return aside
}

/** Returns a unique, recognizable name for a folder. */
function asideName(directory: string): string {
  const hash = createHash('sha256').update(directory).digest('hex')
  return `${hash.slice(0, 12)}${directory.replaceAll('/', '-').slice(-100)}`
}

/** Makes the server's user the owner of an empty folder that belongs to root. */
function takeOwnership(directory: string, account: Account): void {
  // Read the files before the owner. Another process changes the owner before it creates files, so
  // if its files are seen here, its new owner is seen too.
  const empty = readdirSync(directory).length === 0
  if (statSync(directory).uid !== 0) return
  if (!empty) throw notOurs(directory)
  give(directory, account)
}

function notOurs(directory: string): Error {
  return unavailable(
    `${directory} is not empty, and the unprivileged user that must run Postgres does not own it or cannot access ` +
      'it. Choose another directory, or empty this one.',
  )
}
