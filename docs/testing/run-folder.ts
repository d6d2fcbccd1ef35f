import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pagesFolder } from './page.ts'

/** A folder for running the code of pages. */
export interface RunFolder {
  readonly path: string
  /** Deletes the folder with its contents. */
  remove(): Promise<void>
}

/**
 * Creates a new folder below the pages' folder, so that the imports in pages resolve from there.
 */
export async function createRunFolder(): Promise<RunFolder> {
  const parent = join(pagesFolder, '.run')
  await mkdir(parent, { recursive: true })
  const path = await mkdtemp(`${parent}/`)
  return { path, remove: () => rm(path, { recursive: true, force: true }) }
}
