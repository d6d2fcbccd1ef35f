import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '..')
const pages = [
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'AGENTS.md',
  'README.md',
  ...pagesIn('decisions'),
  ...pagesIn('docs/internals'),
]
const skippedFolders: ReadonlySet<string> = new Set(['node_modules', '.git', 'dist', '.cache', '.run'])
const paths = pathsBelow('')

test('every file and folder that the pages about the code name exists', () => {
  expect(pages.flatMap((page) => missingPaths(read(page)).map((path) => `${page}: ${path}`))).toEqual([])
})

test('a path that does not exist is found', () => {
  const text = 'See `kernel/call/pipeline.ts`, `effects/jobs/`, `kernel/gone.ts` and `kernel/gone/`.'
  expect(missingPaths(text)).toEqual(['kernel/gone.ts', 'kernel/gone/'])
})

/**
 * Returns the paths in code spans that are neither a path of the repository nor the end of such a
 * path. Folders that a program creates (`.holdfast/`) and patterns (`x.test.ts`) are left out.
 */
function missingPaths(text: string): readonly string[] {
  return [...text.matchAll(/`((?:[\w-][\w.-]*\/)+|(?:[\w.-]+\/)*[\w.-]+\.(?:ts|sql))`/g)]
    .map((match) => match[1]!)
    .filter((path) => !path.startsWith('x.'))
    .filter((path) => !paths.some((known) => known === path || known.endsWith(`/${path}`)))
}

function pagesIn(folder: string): readonly string[] {
  return readdirSync(join(root, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `${folder}/${name}`)
}

function read(page: string): string {
  return readFileSync(join(root, page), 'utf8')
}

/** Returns the files and folders of the repository; folders end with a slash. */
function pathsBelow(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}${entry.name}`
    if (!entry.isDirectory()) return [path]
    return skippedFolders.has(entry.name) ? [] : [`${path}/`, ...pathsBelow(`${path}/`)]
  })
}
