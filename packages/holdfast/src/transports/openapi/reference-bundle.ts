import { hash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { HoldfastError } from '../../kernel/base/holdfast-error.ts'

/**
 * The package that renders the API reference. It is large, so it is an optional peer dependency.
 */
export const referencePackage = '@scalar/api-reference'

/** The browser script of the API reference. */
export interface ReferenceBundle {
  /** The name under which the script is served; it changes with the bytes. */
  readonly name: string
  readonly bytes: Uint8Array
  /** The value for the `integrity` attribute of a script element. */
  readonly integrity: string
}

/**
 * Reads the script from the installed package; returns `undefined` if the package is not installed.
 *
 * @throws HoldfastError `reference-bundle-unreadable` if the package is installed but the script
 * cannot be read.
 */
export async function readReferenceBundle(): Promise<ReferenceBundle | undefined> {
  try {
    const entry = createRequire(import.meta.url).resolve(referencePackage)
    return toBundle(await readFile(join(dirname(entry), 'browser', 'standalone.js')))
  } catch (cause) {
    if (isNotInstalled(cause)) return undefined
    throw new HoldfastError(
      'reference-bundle-unreadable',
      `The API reference could not be read from the package ${referencePackage}. Install a newer version of it, or start the service with documentation: false.`,
      { cause },
    )
  }
}

function toBundle(bytes: Uint8Array): ReferenceBundle {
  const digest = hash('sha256', bytes, 'buffer')
  return {
    name: `reference-${digest.toString('base64url').slice(0, 16)}.js`,
    bytes,
    integrity: `sha256-${digest.toString('base64')}`,
  }
}

function isNotInstalled(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'MODULE_NOT_FOUND'
}
