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
    // By name, since the sources and the build have different paths.
    const require = createRequire(import.meta.url)
    return (require('holdfast/package.json') as { readonly version: string }).version
  } catch {
    return '0.0.0'
  }
}
