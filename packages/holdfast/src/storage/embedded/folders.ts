import {
  chmodSync,
  lchownSync,
  lstatSync,
  mkdtempSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmdirSync,
} from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import type { Account } from './account.ts'
import { attempt, errorCode } from './error-code.ts'

/** Returns a path with its symbolic links resolved. Its last segments may not exist yet. */
export function resolveLinks(path: string): string {
  try {
    return realpathSync(path)
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error
  }
  const parent = resolveLinks(dirname(path))
  const here = join(parent, basename(path))
  return isLink(here) ? resolveLinks(resolve(parent, readlinkSync(here))) : here
}

/** Returns the folders above a path, nearest first. */
export function foldersAbove(path: string): string[] {
  const parent = dirname(path)
  return parent === path ? [] : [parent, ...foldersAbove(parent)]
}

/** Options of a new folder. */
export interface FolderOptions {
  readonly mode: number
  /** The owner of the folder; `undefined` for the user of this process. */
  readonly account?: Account | undefined
}

/** Creates a folder and its missing parents, unless it exists. */
export function makeFolder(path: string, options: FolderOptions): void {
  if (lstatSync(path, { throwIfNoEntry: false })) return
  makeFolder(dirname(path), { ...options, mode: 0o755 })
  // The folder is renamed into place when it is complete, so that no other process sees it with the
  // wrong owner or mode.
  const staging = mkdtempSync(`${path}.`)
  chmodSync(staging, options.mode)
  give(staging, options.account)
  if (!attempt(() => renameSync(staging, path), ['ENOTEMPTY', 'EEXIST', 'ENOTDIR'])) rmdirSync(staging)
}

/** Makes the account the owner of a file or folder created by root. */
export function give(path: string, account: Account | undefined): void {
  if (account) lchownSync(path, account.uid, account.gid)
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false
}
