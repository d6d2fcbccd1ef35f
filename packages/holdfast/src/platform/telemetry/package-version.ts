import { readFileSync } from 'node:fs'

let version: string | undefined

/**
 * Returns the version of this package; `0.0.0` in a bundle, which does not contain package.json.
 */
export function packageVersion(): string {
  return (version ??= readVersion())
}

function readVersion(): string {
  try {
    const description = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')
    return (JSON.parse(description) as { readonly version: string }).version
  } catch {
    return '0.0.0'
  }
}
