import { readdirSync } from 'node:fs'
import { join } from 'node:path'

const sourceFile = /\.(?:ts|mts|cts|tsx|js|mjs|cjs|jsx)$/
const skippedFolders: ReadonlySet<string> = new Set(['node_modules', 'dist', 'coverage'])

/**
 * Returns the source files in a folder, as sorted paths relative to the folder, with `/` on every
 * platform. Hidden folders, and folders of built or installed files, are left out.
 */
export function listSourceFiles(root: string): readonly string[] {
  return filesBelow(root, '').sort()
}

/** Returns true if a file is a test (`x.test.ts`) or is used only by tests (`x.fixture.ts`). */
export function isTestFile(path: string): boolean {
  return /\.(?:test|fixture)\.[cm]?tsx?$/.test(path)
}

function filesBelow(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`
    if (entry.isFile()) return sourceFile.test(entry.name) ? [path] : []
    const isSkipped = !entry.isDirectory() || entry.name.startsWith('.') || skippedFolders.has(entry.name)
    return isSkipped ? [] : filesBelow(root, path)
  })
}
