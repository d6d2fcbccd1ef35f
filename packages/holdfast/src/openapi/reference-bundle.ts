import { hash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { HoldfastError } from '../kernel/holdfast-error.ts'

/** The package that the API reference is made with: an optional peer, since it is large. */
export const referencePackage = '@scalar/api-reference'

/** The program of the API reference, for browsers. */
export interface ReferenceBundle {
  /** The name under which it is served; another one for other bytes. */
  readonly name: string
  readonly text: string
  /** For the `integrity` of a script element. */
  readonly integrity: string
}

/**
 * Reads the program from the installed package; `undefined` where that is not installed.
 *
 * @throws HoldfastError `reference-bundle-unreadable` where the package has no such file.
 */
export async function readReferenceBundle(): Promise<ReferenceBundle | undefined> {
  const entry = locatePackage()
  if (entry === undefined) return undefined
  const file = new URL('browser/standalone.js', entry)
  try {
    return toBundle(await readFile(file, 'utf8'))
  } catch (cause) {
    throw new HoldfastError(
      'reference-bundle-unreadable',
      `The API reference cannot be read from ${file.pathname}. Install ${referencePackage} anew, version 1.`,
      { cause },
    )
  }
}

/** A program as it is served. */
function toBundle(text: string): ReferenceBundle {
  const digest = hash('sha256', text, 'buffer')
  return {
    name: `reference-${digest.toString('base64url').slice(0, 16)}.js`,
    text,
    integrity: `sha256-${digest.toString('base64')}`,
  }
}

function locatePackage(): URL | undefined {
  try {
    return pathToFileURL(createRequire(import.meta.url).resolve(referencePackage))
  } catch {
    // It is optional, and there is no other reason for which a name is not found.
    return undefined
  }
}
