import { hash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { HoldfastError } from '../kernel/holdfast-error.ts'

/** The package that the API reference is made with: an optional peer, since it is large. */
export const referencePackage = '@scalar/api-reference'

/** The program of the API reference, for browsers. */
export interface ReferenceBundle {
  /** The name under which it is served; another one for other bytes. */
  readonly name: string
  readonly bytes: Uint8Array
  /** For the `integrity` of a script element. */
  readonly integrity: string
}

/**
 * Reads the program from the installed package; `undefined` where that is not installed.
 *
 * @throws HoldfastError `reference-bundle-unreadable` where it is, and the program cannot be read from it.
 */
export async function readReferenceBundle(): Promise<ReferenceBundle | undefined> {
  try {
    const entry = createRequire(import.meta.url).resolve(referencePackage)
    return toBundle(await readFile(join(dirname(entry), 'browser', 'standalone.js')))
  } catch (cause) {
    if (isNotInstalled(cause)) return undefined
    throw new HoldfastError(
      'reference-bundle-unreadable',
      `The API reference cannot be read from the package ${referencePackage}. Install a newer version of it, or start the service with documentation: false.`,
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
