import { randomUUID } from 'node:crypto'
import { closeSync, mkdirSync, readdirSync, renameSync, rmSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import { attempt } from './error-code.ts'
import { hasReader, makeFifo, openReader } from './fifo.ts'
import { give } from './folders.ts'
import type { Home } from './home.ts'
import { waitUntil } from './wait-until.ts'

const quietMs = 1_000
const timeoutMs = 120_000

/**
 * Runs an action while no other process can start or stop this home's server.
 *
 * The lock is a folder. If the folder is empty, the lock is free. Otherwise, the folder contains
 * one FIFO, which the holder of the lock keeps open. A process takes the lock by renaming a folder
 * that contains its own FIFO to the lock's name. The rename fails unless the existing lock folder
 * is empty. A FIFO without a reader belongs to a dead process. Other processes remove that FIFO by
 * its unique name, so they cannot remove the FIFO of a new holder by mistake.
 *
 * @throws HoldfastError `embedded-postgres-busy` if another process holds the lock for two minutes.
 */
export async function whileLocked<T>(home: Home, action: () => Promise<T>): Promise<T> {
  const lock = join(home.directory, 'lock')
  const name = `${process.pid}-${randomUUID()}`
  const staging = `${lock}.${name}`
  mkdirSync(staging)
  give(staging, home.account)
  makeFifo(join(staging, name), home.account)
  const reader = openReader(join(staging, name))
  try {
    await takeTurn(home, () => {
      if (attempt(() => renameSync(staging, lock), ['ENOTEMPTY', 'EEXIST'])) return true
      evictDead(lock)
      return false
    })
    return await action()
  } finally {
    rmSync(join(lock, name), { force: true })
    rmSync(staging, { recursive: true, force: true })
    closeSync(reader)
  }
}

async function takeTurn(home: Home, take: () => boolean): Promise<void> {
  if (await waitUntil(take, quietMs)) return
  home.notify(`Waiting for process ${holder(home)}, which is starting or stopping the same Postgres.`)
  if (await waitUntil(take, timeoutMs)) return
  throw new HoldfastError(
    'embedded-postgres-busy',
    `Process ${holder(home)} has been starting or stopping the Postgres in ${home.directory} for two minutes. ` +
      'Check what it is waiting for, or end it.',
  )
}

function evictDead(lock: string): void {
  for (const name of readdirSync(lock)) {
    const fifo = join(lock, name)
    if (!hasReader(fifo)) attempt(() => unlinkSync(fifo), ['ENOENT'])
  }
}

function holder(home: Home): string {
  return readdirSync(join(home.directory, 'lock'))[0]?.split('-')[0] ?? '(just gone)'
}
