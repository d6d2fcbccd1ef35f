import { closeSync, constants, fchownSync, openSync, readFileSync, renameSync } from 'node:fs'
import { attempt } from './error-code.ts'
import type { Home } from './home.ts'

const tailLines = 15

/** Starts a new log, and keeps the previous log as `postgres.log.previous`. */
export function beginServerLog(home: Home): void {
  attempt(() => renameSync(home.log, `${home.log}.previous`), ['ENOENT'])
  const log = openSync(home.log, 'wx', 0o600)
  if (home.account) fchownSync(log, home.account.uid, home.account.gid)
  closeSync(log)
}

/** Opens the current log for appending. */
export function openServerLog(home: Home): number {
  // Here, root writes into another user's folder. O_NOFOLLOW keeps that user from redirecting the
  // write with a link.
  return openSync(home.log, constants.O_WRONLY | constants.O_APPEND | constants.O_NOFOLLOW)
}

/** Returns the last lines of the log, for error messages. */
export function serverLogTail(home: Home): string {
  return readFileSync(home.log, 'utf8').trimEnd().split('\n').slice(-tailLines).join('\n')
}
