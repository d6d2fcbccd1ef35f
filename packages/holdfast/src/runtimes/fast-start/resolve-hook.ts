import type { ResolveFnOutput, ResolveHookSync } from 'node:module'
import { moduleInPackage } from './module-in-package.ts'

// The name of a package, or a path in a package. Excludes relative and absolute paths, URLs, and
// imports that begin with `#`.
const packageImport = /^[^./#:][^:]*$/

const resolved = new Map<string, ResolveFnOutput>()

/**
 * A resolve hook of `node:module` for the static and dynamic imports of a program with many
 * modules. Node 26.10 parses the `exports` of a package again whenever it resolves a file of that
 * package. If `exports` is long, this takes most of the startup time. The hook resolves relative
 * imports in a package without reading `exports`. It resolves an import of a package only once for
 * all modules of the importing folder. Node resolves everything else and reports all errors.
 *
 * Hooks registered earlier do not see the imports that this hook resolves.
 */
export const resolveHook: ResolveHookSync = (specifier, context, nextResolve) => {
  const { parentURL, importAttributes } = context
  // Node 24.0 passes a set to a hook of `require`.
  const conditions = [...context.conditions]
  const isPlainImport =
    parentURL?.startsWith('file:') === true &&
    conditions.includes('import') &&
    // Node checks that the attributes match the format.
    Object.keys(importAttributes).length === 0
  if (!isPlainImport) return nextResolve(specifier, context)
  if (packageImport.test(specifier)) {
    const folder = parentURL.slice(0, parentURL.lastIndexOf('/'))
    const key = [specifier, folder, ...conditions].join('\n')
    return resolved.get(key) ?? remember(key, nextResolve(specifier, context))
  }
  const url = moduleInPackage(specifier, parentURL)
  return url === undefined ? nextResolve(specifier, context) : { url, format: 'module', shortCircuit: true }
}

function remember(key: string, found: ResolveFnOutput): ResolveFnOutput {
  // A result without a format is not stored: Node then detects the format from the file's content,
  // and prints a warning for each importing file.
  if (found.format) resolved.set(key, { ...found, shortCircuit: true })
  return found
}
