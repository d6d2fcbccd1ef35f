import { globSync, readFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { type Import, readImports } from './imports.ts'
import { listSourceFiles } from './source-files.ts'

/** An import with the file of this repository that it resolves to, if any. */
export interface ResolvedImport extends Import {
  readonly target: string | undefined
}

/** The imports of every source file in a folder, by the file's path relative to the folder. */
export type ModuleGraph = ReadonlyMap<string, readonly ResolvedImport[]>

export function readModuleGraph(root: string): ModuleGraph {
  const files = listSourceFiles(root)
  const known = new Set(files)
  const entries = readWorkspaceEntries(root)
  const resolve = (from: string, specifier: string): string | undefined => {
    const isRelative = specifier.startsWith('./') || specifier.startsWith('../')
    const path = isRelative ? posix.join(posix.dirname(from), specifier) : entries.get(specifier)
    return path !== undefined && known.has(path) ? path : undefined
  }
  return new Map(
    files.map((file) => [
      file,
      readImports(file, readFileSync(join(root, file), 'utf8')).map((found) => ({
        ...found,
        target: resolve(file, found.specifier),
      })),
    ]),
  )
}

/**
 * Returns the source files that the workspace packages export, by import specifier:
 * `holdfast/http`.
 */
function readWorkspaceEntries(root: string): ReadonlyMap<string, string> {
  const entries = new Map<string, string>()
  for (const file of globSync('{packages,examples}/*/package.json', { cwd: root })) {
    const manifest = JSON.parse(readFileSync(join(root, file), 'utf8')) as Manifest
    for (const [subpath, target] of Object.entries(manifest.exports ?? {})) {
      const source = typeof target === 'string' ? target : target['holdfast:source']
      if (source === undefined) continue
      entries.set(posix.join(manifest.name, subpath), posix.join(dirname(file), source))
    }
  }
  return entries
}

interface Manifest {
  readonly name: string
  readonly exports?: Readonly<Record<string, string | Readonly<Record<string, string>>>>
}
