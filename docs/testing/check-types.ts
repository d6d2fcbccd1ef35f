import { writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { runCommand } from '../../checks/run-command.ts'
import { pagesFolder } from './page.ts'
import type { PageModule } from './write-modules.ts'

const errorForm = /^(?:\S*\/)?([^/\s]+)\/checked\.ts\((\d+),(\d+)\): error (.*)$/

/**
 * Returns the compiler errors in the code of pages below `root`, by page, line and column.
 *
 * @param locate returns the location to report for a line of a page's module.
 */
export async function checkTypes(
  modules: Iterable<PageModule>,
  root: string,
  locate = (page: string, row: number): string => `docs/${page}.md:${row}`,
): Promise<readonly string[]> {
  const config = {
    extends: relative(root, join(pagesFolder, '../tsconfig.json')),
    files: [...modules].map(({ checkedPath }) => `./${relative(root, checkedPath)}`),
    include: [],
  }
  const path = join(root, 'tsconfig.json')
  await writeFile(path, JSON.stringify(config, null, 2))
  const { stdout, stderr } = await runCommand([
    'tsc',
    '--checkers',
    '1',
    '--project',
    path,
    '--pretty',
    'false',
  ])
  return `${stdout}\n${stderr}`
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [, page, row, column, message] = errorForm.exec(line) ?? []
      return page === undefined ? line : `${locate(page, Number(row))}:${column}: ${message}`
    })
}
