import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Block, extractBlocks } from './extract-blocks.ts'

/** The folder of the pages. */
export const pagesFolder: string = join(import.meta.dirname, '..')

/** A page of the documentation. */
export interface Page {
  /** The name of the page's file, without `.md`. */
  readonly name: string
  readonly text: string
  readonly blocks: readonly Block[]
}

/** Reads every page. */
export async function readPages(): Promise<readonly Page[]> {
  const files = (await readdir(pagesFolder)).filter((file) => file.endsWith('.md')).sort()
  return Promise.all(
    files.map(async (file) => {
      const text = await readFile(join(pagesFolder, file), 'utf8')
      return { name: file.slice(0, -'.md'.length), text, blocks: extractBlocks(text) }
    }),
  )
}
