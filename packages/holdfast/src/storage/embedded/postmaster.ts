import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { attempt, errorCode } from './error-code.ts'
import { resolveLinks } from './folders.ts'
import type { Home } from './home.ts'
import { processCommand } from './process-command.ts'
import { unavailable } from './unavailable.ts'
import { waitUntil } from './wait-until.ts'

const writtenWithinMs = 1_000

/**
 * The state of a postmaster, the main process of a Postgres server. Postgres stores this state in
 * the data directory.
 */
export interface Postmaster {
  readonly pid: number
  readonly port: number
  /** The directory of the server's Unix socket; `undefined` if it only listens on TCP. */
  readonly socketDirectory: string | undefined
  /** `starting`, `ready` or `stopping`; empty if Postgres has not written the status yet. */
  readonly status: string
}

/** Reads `postmaster.pid`. Returns `undefined` if the file does not exist or is not written yet. */
export function readPostmaster(home: Home): Postmaster | undefined {
  const lines = readLockFile(home)?.split('\n') ?? []
  // In single-user mode, Postgres writes a negative number.
  const pid = Math.abs(Number(lines[0]))
  if (!Number.isSafeInteger(pid) || pid === 0) return undefined
  return {
    pid,
    port: Number(lines[3]),
    socketDirectory: lines[4] || undefined,
    status: lines[7]?.trim() ?? '',
  }
}

/**
 * Returns whether a process is the postmaster of this home, and not another program with a reused
 * process ID.
 */
export function isPostmaster(home: Home, pid: number): boolean {
  return processCommand(pid)?.includes(` -D ${home.data} `) ?? false
}

/** Returns whether a process is the postmaster of this home and accepts connections. */
export function isReady(home: Home, pid: number): boolean {
  const postmaster = readPostmaster(home)
  return postmaster?.pid === pid && postmaster.status === 'ready' && isPostmaster(home, pid)
}

/**
 * Returns the process ID of this home's running server. Removes the lock file if its process ID
 * belongs to another program, because Postgres would otherwise refuse to start.
 */
export async function findPostmaster(home: Home): Promise<number | undefined> {
  // The file is empty for a moment while a server starts, and permanently after some machine
  // crashes.
  await waitUntil(() => readLockFile(home)?.trim() !== '', writtenWithinMs)
  if (readLockFile(home) === undefined) return undefined
  const pid = readPostmaster(home)?.pid
  const command = pid === undefined ? undefined : processCommand(pid)
  if (pid !== undefined && isPostmaster(home, pid)) return pid
  if (command !== undefined && isPostgres(command) && !namesAnotherDirectory(command, home)) {
    throw unavailable(
      `Process ${pid} seems to be a Postgres that was started manually in ${home.data}. Stop it, or use it by setting ` +
        'DATABASE_URL.',
    )
  }
  home.notify(
    `The Postgres in ${home.directory} exited without a clean shutdown; it will recover on the next start.`,
  )
  // If the process is gone, Postgres itself removes the file, after it has checked that no child of
  // that process is still running. A server that is shutting down may remove the file first.
  if (pid === undefined || exists(pid)) rmSync(join(home.data, 'postmaster.pid'), { force: true })
  return undefined
}

function readLockFile(home: Home): string | undefined {
  try {
    return readFileSync(join(home.data, 'postmaster.pid'), 'utf8')
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  }
}

function isPostgres(command: string): boolean {
  return /(^|\/)(postgres|postmaster) /.test(command)
}

function namesAnotherDirectory(command: string, home: Home): boolean {
  const [, directory] = / -D (\/\S+) /.exec(command) ?? []
  return directory !== undefined && resolveLinks(directory) !== home.data
}

function exists(pid: number): boolean {
  return attempt(() => process.kill(pid, 0), ['ESRCH', 'EPERM'])
}
