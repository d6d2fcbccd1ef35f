import { statSync } from 'node:fs'
import type { Account } from './account.ts'
import { foldersAbove } from './folders.ts'

/**
 * Returns whether the account may enter every parent folder of a path, according to owners and
 * modes.
 */
export function canReach(path: string, account: Account): boolean {
  return foldersAbove(path).every((folder) => permits(folder, 'x', account))
}

/**
 * Returns whether the account may read (`r`) or execute (`x`; for a folder: enter) an existing file
 * or folder.
 */
export function permits(path: string, what: 'r' | 'x', account: Account): boolean {
  const { mode, uid, gid } = statSync(path)
  const bit = what === 'r' ? 4 : 1
  const shift = uid === account.uid ? 6 : gid === account.gid ? 3 : 0
  return ((mode >> shift) & bit) !== 0
}
