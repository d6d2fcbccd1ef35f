import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pagesFolder } from './page.ts'

/** A folder in which the code of pages runs. */
export interface RunFolder {
  readonly path: string
  /** Deletes it with all that is in it. */
  remove(): Promise<void>
}

/**
 * Makes a folder below the pages, so that what they import is found as from there; another for each
 * run.
 */
export async function createRunFolder(): Promise<RunFolder> {
  const parent = join(pagesFolder, '.run')
  await mkdir(parent, { recursive: true })
  const path = await mkdtemp(`${parent}/`)
  return { path, remove: () => rm(path, { recursive: true, force: true }) }
}
