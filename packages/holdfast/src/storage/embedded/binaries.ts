import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Account } from './account.ts'
import { complete, copyPackage, findBinaryPackage, isComplete, programIn } from './binary-package.ts'
import { asideDirectory, type Home } from './home.ts'
import { canReach, permits } from './reachable.ts'

/** The Postgres programs, in a folder where the server's user can run them. */
export interface Binaries {
  readonly initdb: string
  readonly postgres: string
  /** The major version of Postgres, such as 18. */
  readonly major: number
}

/**
 * Finds the binaries in `node_modules`, and completes them if install scripts were disabled. If the
 * server's user cannot reach the binaries, or the folder is not writable, the binaries are copied
 * once per version.
 */
export function prepareBinaries(home: Home): Binaries {
  const { root, version } = findBinaryPackage()
  const inPlace = (isComplete(root) || complete(root)) && isUsable(root, home.account)
  const place = inPlace ? root : copyOf(root, version, home)
  return {
    initdb: programIn(place, 'initdb'),
    postgres: programIn(place, 'postgres'),
    major: Number.parseInt(version, 10),
  }
}

function copyOf(root: string, version: string, home: Home): string {
  const name = `${version}-${process.platform}-${process.arch}`
  const copy = join(home.account ? asideDirectory : home.directory, 'binaries', name)
  if (!existsSync(copy)) {
    home.notify(`Copying the binaries of Postgres to ${copy}, because they are not usable in ${root}.`)
    copyPackage(root, copy)
  }
  return copy
}

function isUsable(root: string, account: Account | undefined): boolean {
  if (!account) return true
  const program = programIn(root, 'postgres')
  // Checking one file is enough, because an installation writes all files with the same umask.
  const file = join(root, 'package.json')
  return canReach(program, account) && permits(program, 'x', account) && permits(file, 'r', account)
}
