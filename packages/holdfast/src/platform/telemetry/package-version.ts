import { createRequire } from 'node:module'

let version: string | undefined

/**
 * Returns the version of this package; `0.0.0` in a bundle without an installed package.
 */
export function packageVersion(): string {
  return (version ??= readVersion())
}

function readVersion(): string {
  try {
    // package.json is found by the package's name, since its path relative to this file differs
    // between the sources and the build.
    const require = createRequire(import.meta.url)
    return (require('holdfast/package.json') as { readonly version: string }).version
  } catch {
    return '0.0.0'
  }
}
