import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Declared, findExport, readModule, type SourceModule } from './source-module.ts'

const packageFolder = join(import.meta.dirname, '../../packages/holdfast')

/** A module that programs import. */
export interface EntryPoint {
  /** The specifier: `holdfast/jobs`. */
  readonly specifier: string
  readonly module: SourceModule
}

/** Returns the entry points of the package, in the order of its `exports`. */
export function readEntryPoints(): readonly EntryPoint[] {
  const { name, exports } = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8')) as {
    readonly name: string
    readonly exports: Readonly<Record<string, string | { readonly 'holdfast:source': string }>>
  }
  return Object.entries(exports).flatMap(([path, target]) => {
    if (typeof target === 'string') return []
    const module = readModule(join(packageFolder, target['holdfast:source']))
    return [{ specifier: join(name, path), module }]
  })
}

/** Returns the declarations that an entry point exports, by their exported names. */
export function exportsOf({ module }: EntryPoint): ReadonlyMap<string, Declared> {
  const found = new Map<string, Declared>()
  for (const name of module.exports.keys()) {
    const declared = findExport(module, name)
    if (declared) found.set(name, declared)
  }
  return found
}
