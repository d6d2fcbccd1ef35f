import { readFileSync } from 'node:fs'

let version: string | undefined

/** The version of this package; `0.0.0` in a bundle, which has left its description behind. */
export function packageVersion(): string {
  return (version ??= readVersion())
}

function readVersion(): string {
  try {
    const description = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
    return (JSON.parse(description) as { readonly version: string }).version
  } catch {
    return '0.0.0'
  }
}
