import { readFileSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { attempt, errorCode } from './error-code.ts'
import { resolveLinks } from './folders.ts'
import type { Home } from './home.ts'
import { processCommand } from './process-command.ts'
import { unavailable } from './unavailable.ts'
import { waitUntil } from './wait-until.ts'

const writtenWithinMs = 1_000

/** What the main process of a Postgres server, its postmaster, says of itself in its data directory. */
export interface Postmaster {
  readonly pid: number
  readonly port: number
  /** `starting`, `ready` or `stopping`; empty before it has said so. */
  readonly status: string
}

/** Reads `postmaster.pid`; `undefined` where there is none or it is not written yet. */
export function readPostmaster(home: Home): Postmaster | undefined {
  const lines = readLockFile(home)?.split('\n') ?? []
  // Postgres in its single-user mode marks itself by a minus.
  const pid = Math.abs(Number(lines[0]))
  if (!Number.isSafeInteger(pid) || pid === 0) return undefined
  return { pid, port: Number(lines[3]), status: lines[7]?.trim() ?? '' }
}

/** Whether a process is the postmaster of this home, and no other program that got its process id. */
export function isPostmaster(home: Home, pid: number): boolean {
  return processCommand(pid)?.includes(` -D ${home.data} `) ?? false
}

/** Whether a process is the postmaster of this home, and takes connections. */
export function isReady(home: Home, pid: number): boolean {
  const postmaster = readPostmaster(home)
  return postmaster?.pid === pid && postmaster.status === 'ready' && isPostmaster(home, pid)
}

/**
 * The process id of this home's running server. A lock file that Postgres would stumble over, because the process
 * that it names is another program, is removed.
 */
export async function findPostmaster(home: Home): Promise<number | undefined> {
  // It is empty for a moment while a server starts, and for good after some crashes of the machine.
  await waitUntil(() => readLockFile(home)?.trim() !== '', writtenWithinMs)
  if (readLockFile(home) === undefined) return undefined
  const pid = readPostmaster(home)?.pid
  const command = pid === undefined ? undefined : processCommand(pid)
  if (pid !== undefined && isPostmaster(home, pid)) return pid
  if (command !== undefined && isPostgres(command) && !namesAnotherDirectory(command, home)) {
    throw unavailable(
      `Process ${pid} seems to be a Postgres that was started by hand in ${home.data}. Stop it, or use it by setting ` +
        'DATABASE_URL.',
    )
  }
  home.notify(`The Postgres in ${home.directory} ended without shutting down: it recovers when it starts.`)
  // Postgres itself removes the file of a process that is gone, and looks first whether a child of it still runs.
  if (pid === undefined || exists(pid)) unlinkSync(join(home.data, 'postmaster.pid'))
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
