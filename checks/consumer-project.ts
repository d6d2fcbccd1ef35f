import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'

const root = resolve(import.meta.dirname, '..')

/** The parts of a manifest that an installation depends on. */
export interface Manifest {
  readonly exports: Readonly<Record<string, unknown>>
  readonly dependencies: Readonly<Record<string, string>>
  readonly peerDependencies: Readonly<Record<string, string>>
}

interface LockedPackage {
  readonly version?: string
  readonly link?: boolean
}

/** Two files of a project that depends on the package. */
export interface ConsumerProject {
  readonly manifest: object
  /**
   * The versions of all packages, indirect dependencies included. Without it, npm would request the
   * list of releases of each package. npm removes the packages that the project does not depend on.
   */
  readonly lock: object
}

// A large package that is never imported: Holdfast reads one of its files, and only if the package
// is installed.
const notInstalled = '@scalar/api-reference'

/**
 * Returns a project with a packed package and everything that its entry points import, in the
 * versions that this repository is tested with, so that a release of a dependency cannot break the
 * tests.
 *
 * @param tarball the path of the packed package.
 * @param nodeTypes the version of Node's types.
 */
export function consumerProject(
  { dependencies, peerDependencies }: Manifest,
  { tarball, nodeTypes }: { readonly tarball: string; readonly nodeTypes: string },
): ConsumerProject {
  const locked = lockedPackages()
  const wanted = [...Object.keys({ ...dependencies, ...peerDependencies }), 'zod']
  const versions = wanted
    .filter((name) => name !== notInstalled)
    .map((name) => [name, locked[`node_modules/${name}`]?.version ?? 'not locked'])
  const all = { holdfast: `file:${tarball}`, ...Object.fromEntries(versions), '@types/node': nodeTypes }
  const { 'node_modules/@types/node': _, ...packages } = locked
  return {
    manifest: { private: true, type: 'module', dependencies: all },
    lock: { lockfileVersion: 3, requires: true, packages: { '': { dependencies: all }, ...packages } },
  }
}

/** Returns the packages that this repository installs, as the package `holdfast` resolves them. */
function lockedPackages(): Readonly<Record<string, LockedPackage>> {
  const { packages } = JSON.parse(readFileSync(resolve(root, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, LockedPackage>>
  }
  const installed = Object.entries(packages).filter(([, { link }]) => link !== true)
  const own = 'packages/holdfast/node_modules/'
  return Object.fromEntries([
    ...installed.filter(([path]) => path.startsWith('node_modules/')),
    ...installed
      .filter(([path]) => path.startsWith(own))
      .map(([path, entry]) => [`node_modules/${path.slice(own.length)}`, entry]),
  ])
}
