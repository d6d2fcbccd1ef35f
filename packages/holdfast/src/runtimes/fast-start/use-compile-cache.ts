import { existsSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { dirname, join } from 'node:path'

/**
 * Makes Node keep the compiled code of a program in `node_modules/.cache/holdfast/compile`, in the
 * `node_modules` folder nearest to its main file. Only users who can replace the packages can write
 * there. If the user of the process cannot write there, or there is no such folder, nothing is
 * kept.
 *
 * A program that already has a cache (`NODE_COMPILE_CACHE`) keeps it. Does nothing if coverage is
 * measured, because a cache would make the coverage less precise.
 */
export function useCompileCache(main: string | undefined): void {
  if (main === undefined || process.env['NODE_V8_COVERAGE']) return
  const packages = nearestPackages(dirname(main))
  if (packages !== undefined) enableCompileCache(join(packages, '.cache', 'holdfast', 'compile'))
}

function nearestPackages(folder: string): string | undefined {
  const packages = join(folder, 'node_modules')
  if (existsSync(packages)) return packages
  const parent = dirname(folder)
  return parent === folder ? undefined : nearestPackages(parent)
}
