import { randomUUID } from 'node:crypto'
import { closeSync, mkdirSync, readdirSync, renameSync, rmSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { HoldfastError } from '../../kernel/holdfast-error.ts'
import { attempt } from './error-code.ts'
import { hasReader, makeFifo, openReader } from './fifo.ts'
import { give } from './folders.ts'
import type { Home } from './home.ts'
import { waitUntil } from './wait-until.ts'

const quietMs = 1_000
const timeoutMs = 120_000

/**
 * Does something while no other process starts or stops the server of this home.
 *
 * The lock is a folder that is free while it is empty, and holds one FIFO that its holder keeps open. It is taken
 * by renaming a folder with one's own FIFO onto it, which fails unless it is empty. Who finds a FIFO that nobody
 * keeps open removes it by its name, which is unique, and so never the one of another that was faster.
 *
 * @throws HoldfastError `embedded-postgres-busy` where another process keeps it for two minutes.
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
      'See what it waits for, or end it.',
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
