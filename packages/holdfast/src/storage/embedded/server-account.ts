import { spawnSync } from 'node:child_process'
import { statSync } from 'node:fs'
import type { Account } from './account.ts'
import { foldersAbove } from './folders.ts'
import { unavailable } from './unavailable.ts'

/**
 * Returns the user that runs the server; `undefined` if this process does not run as root, because
 * then its own user runs the server. Postgres refuses to run as root. So if this process runs as
 * root, the server runs as the owner of the data folder, or of the closest parent folder that does
 * not belong to root. If there is no such folder, the server runs as the user `postgres` or
 * `nobody`. Running the server as the folder's owner lets that user start it later without root.
 */
export function serverAccount(directory: string): Account | undefined {
  if (process.geteuid?.() !== 0) return undefined
  const account = ownerOf(directory) ?? systemUser('postgres') ?? systemUser('nobody')
  if (account) return account
  throw unavailable(
    `Postgres refuses to run as root, and there is no other user to run it as: ${directory} and all of its parent ` +
      'folders belong to root, and this system has no postgres or nobody user. Run as an unprivileged user.',
  )
}

function ownerOf(directory: string): Account | undefined {
  for (const folder of [directory, ...foldersAbove(directory)]) {
    const owner = statSync(folder, { throwIfNoEntry: false })
    // initdb requires a user with a name on this system.
    if (owner && owner.uid !== 0) return systemUser(String(owner.uid))
  }
  return undefined
}

function systemUser(nameOrUid: string): Account | undefined {
  const [uid, gid] = ['-u', '-g'].map((flag) => spawnSync('id', [flag, nameOrUid], { encoding: 'utf8' }))
  if (uid?.status !== 0 || gid?.status !== 0) return undefined
  return { uid: Number(uid.stdout), gid: Number(gid.stdout) }
}
