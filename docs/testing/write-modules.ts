import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { generatePrismaClient } from '../../packages/holdfast/test/query-builders/generate-prisma-client.ts'
import type { Block } from './extract-blocks.ts'
import type { Page } from './page.ts'

/** The files with the code of a page. */
export interface PageModule {
  /** The file with all TypeScript code, for the compiler. */
  readonly checkedPath: string
  /** The file with the code that runs. */
  readonly runPath: string
}

/**
 * Writes the code of each page into a separate folder below `root`, with the files that the code
 * needs.
 */
export async function writeModules(
  pages: readonly Page[],
  root: string,
): Promise<ReadonlyMap<Page, PageModule>> {
  const modules = await Promise.all(pages.map(async (page) => [page, await writeModule(page, root)] as const))
  return new Map(modules)
}

async function writeModule({ name, blocks }: Page, root: string): Promise<PageModule> {
  const folder = join(root, name)
  const code = blocks.filter(({ language }) => language === 'ts')
  const files = blocks.filter(({ language, words }) => language === 'sql' && words.length > 0)
  const checkedPath = join(folder, 'checked.ts')
  const runPath = join(folder, `${name}.ts`)
  await mkdir(folder, { recursive: true })
  await writeFile(checkedPath, joinBlocks(code))
  await writeFile(runPath, joinBlocks(code.filter(({ words }) => !words.includes('no-run'))))
  for (const { lines } of blocks.filter(({ language }) => language === 'prisma'))
    await generatePrismaClient(folder, lines.join('\n'))
  for (const { words, lines } of files) {
    const path = join(folder, words[0]!)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, `${lines.join('\n')}\n`)
  }
  return { checkedPath, runPath }
}

/**
 * Joins blocks so that each line keeps its number in the page, and the compiler reports that
 * number.
 */
function joinBlocks(blocks: readonly Block[]): string {
  const lines: string[] = []
  for (const block of blocks) {
    while (lines.length < block.line - 1) lines.push('')
    lines.push(...block.lines)
  }
  return `${lines.join('\n')}\nexport {}\n`
}
