import { lstatSync, readFileSync, realpathSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

// A relative path to a `.js` file, without characters that Node decodes, rejects or reads as a
// query.
const plainRelativePath = /^\.\.?\/[\w./@$+~-]*\.js$/

/**
 * Returns the URL of a relative import between ES modules of one package, as Node resolves it;
 * `undefined` for any other import.
 */
export function moduleInPackage(specifier: string, parentURL: string): string | undefined {
  if (!plainRelativePath.test(specifier)) return undefined
  const { href } = new URL(specifier, parentURL)
  try {
    const path = fileURLToPath(href)
    return isFolderOfModules(dirname(path)) && isFile(path) ? href : undefined
  } catch {
    // The URL is not a file path, or the file cannot be read. Node resolves the import itself and
    // reports the error.
    return undefined
  }
}

/** Returns true if a path is a file. A link to a file has a different URL, and is not accepted. */
function isFile(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isFile() === true
}

const foldersOfModules = new Map<string, boolean>()

/** Returns true if `.js` files in a folder are ES modules, and the folder is not behind a link. */
function isFolderOfModules(folder: string): boolean {
  const known = foldersOfModules.get(folder)
  if (known !== undefined) return known
  const found = packageTypeOf(folder) === 'module' && realpathSync(folder) === folder
  foldersOfModules.set(folder, found)
  return found
}

const packageTypes = new Map<string, unknown>()

/**
 * Returns the `type` of the nearest package.json; `undefined` if there is no package.json, or if it
 * has no `type`.
 */
function packageTypeOf(folder: string): unknown {
  if (packageTypes.has(folder)) return packageTypes.get(folder)
  const type = readPackageType(folder)
  packageTypes.set(folder, type)
  return type
}

function readPackageType(folder: string): unknown {
  // The `node_modules` folder is outside of the package, so the search ends there.
  if (basename(folder) === 'node_modules') return undefined
  const file = join(folder, 'package.json')
  if (lstatSync(file, { throwIfNoEntry: false }) !== undefined) {
    return (JSON.parse(readFileSync(file, 'utf8')) as { readonly type?: unknown }).type
  }
  const parent = dirname(folder)
  return parent === folder ? undefined : packageTypeOf(parent)
}
