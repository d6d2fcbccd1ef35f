import { createHash } from 'node:crypto'
import { lstatSync, readdirSync, rmdirSync, statSync, symlinkSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { Account } from './account.ts'
import { attempt } from './error-code.ts'
import { give, makeFolder, resolveLinks } from './folders.ts'
import { canReach } from './reachable.ts'
import { serverAccount } from './server-account.ts'
import { unavailable } from './unavailable.ts'

/** Where root keeps what an unprivileged account could not reach in a private folder. */
export const asideDirectory = '/var/lib/holdfast'

/** Where one embedded Postgres lives, and whose it is. */
export interface Home {
  /** The folder of everything, absolute and without symbolic links. */
  readonly directory: string
  /** Postgres' own data directory. */
  readonly data: string
  /** What Postgres has written to its log since it was started last. */
  readonly log: string
  /** Whom the server runs as; `undefined` when that is the user of this process. */
  readonly account: Account | undefined
  /** Takes each message for a person. */
  readonly notify: (message: string) => void
}

/** Makes the folder of an embedded Postgres, or one aside with a link to it where Postgres could not reach it. */
export function openHome(requested: string, notify: (message: string) => void): Home {
  let directory = resolveLinks(resolve(requested))
  const account = serverAccount(directory)
  makeFolder(dirname(directory), { mode: 0o755, account })
  if (account && !canReach(directory, account)) directory = putAside(directory, notify)
  makeFolder(directory, { mode: 0o700, account })
  if (account) takeOver(directory, account)
  return { directory, data: join(directory, 'data'), log: join(directory, 'postgres.log'), account, notify }
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
    `${directory} is in a folder private to root, as whom Postgres refuses to run: its files are in ${aside}.`,
  )
  return aside
}

/** One per place, which a person recognizes. */
function asideName(directory: string): string {
  const hash = createHash('sha256').update(directory).digest('hex')
  return `${hash.slice(0, 12)}${directory.replaceAll('/', '-').slice(-100)}`
}

/** Makes an empty folder of root's the server's. */
function takeOver(directory: string, account: Account): void {
  // Looked at in this order: another process of ours gives the folder away before it puts anything in.
  const empty = readdirSync(directory).length === 0
  if (statSync(directory).uid !== 0) return
  if (!empty) throw notOurs(directory)
  give(directory, account)
}

function notOurs(directory: string): Error {
  return unavailable(
    `${directory} is not empty, and the unprivileged user as whom Postgres has to run does not own it or cannot reach ` +
      'it. Name another directory, or empty this one.',
  )
}
