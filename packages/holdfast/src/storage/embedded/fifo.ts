import { execFileSync } from 'node:child_process'
import { closeSync, constants, openSync } from 'node:fs'
import type { Account } from './account.ts'
import { errorCode } from './error-code.ts'

// Through a FIFO, a process learns at once whether the process at its other end is still alive.
// This is reliable even after kill -9, with reused process IDs, and across containers.

/** Creates a FIFO that only the account can open. */
export function makeFifo(path: string, account: Account | undefined): void {
  execFileSync('mkfifo', ['-m', '600', path], { ...account, stdio: ['ignore', 'ignore', 'pipe'] })
}

/** Opens a FIFO for reading without waiting for a writer. */
export function openReader(path: string): number {
  return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
}

/** Opens a FIFO for writing; `undefined` if it has no reader or does not exist. */
export function openWriter(path: string): number | undefined {
  try {
    return openSync(path, constants.O_WRONLY | constants.O_NONBLOCK)
  } catch (error) {
    if (['ENXIO', 'ENOENT'].includes(errorCode(error) ?? '')) return undefined
    throw error
  }
}

/** Returns whether a process has a FIFO open for reading. */
export function hasReader(path: string): boolean {
  const writer = openWriter(path)
  if (writer === undefined) return false
  closeSync(writer)
  return true
}
