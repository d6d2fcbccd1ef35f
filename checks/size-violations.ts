import type { ModuleGraph } from './module-graph.ts'
import { isTestFile } from './source-files.ts'
import type { Violation } from './violation.ts'

const maxFilesPerFolder = 25
const maxImportsPerFile = 20

/**
 * The files that import more than the limit, each with the number of its imports. A number may only
 * decrease. Remove a file from the list when it meets the limit.
 */
const largeFiles: Readonly<Record<string, number>> = {}

/** Returns folders with too many source files, and source files that import too many others. */
export function findSizeViolations(
  graph: ModuleGraph,
  large: Readonly<Record<string, number>> = largeFiles,
): readonly Violation[] {
  const sources = [...graph].filter(([file]) => /^packages\/[^/]+\/src\//.test(file) && !isTestFile(file))
  return [
    ...crowdedFolders(sources.map(([file]) => file)),
    ...sources.flatMap(([file, imports]) =>
      isEntry(file) ? [] : importViolations(file, new Set(imports.map(({ target }) => target)), large),
    ),
  ]
}

function crowdedFolders(files: readonly string[]): readonly Violation[] {
  return [...Map.groupBy(files, (file) => file.slice(0, file.lastIndexOf('/')))]
    .filter(([, inFolder]) => inFolder.length > maxFilesPerFolder)
    .map(([folder, inFolder]) => ({
      file: inFolder[0] ?? folder,
      line: 1,
      what: `${folder} has ${inFolder.length} source files directly in it; the limit is ${maxFilesPerFolder}`,
      why: 'A folder that contains everything shows no structure.',
      fix: 'Divide it by the concepts of its files.',
    }))
}

function importViolations(
  file: string,
  targets: ReadonlySet<string | undefined>,
  large: Readonly<Record<string, number>>,
): readonly Violation[] {
  const count = [...targets].filter((target) => target !== undefined).length
  const allowed = large[file] ?? maxImportsPerFile
  if (count > allowed) return [{ file, line: 1, ...tooMany(count, allowed) }]
  if (file in large && count < allowed) return [{ file, line: 1, ...outdated(count, allowed) }]
  return []
}

function tooMany(count: number, allowed: number): Omit<Violation, 'file' | 'line'> {
  return {
    what: `imports ${count} files; the limit is ${allowed}`,
    why: 'A file that imports this many files has more than one responsibility.',
    fix: 'Divide it by responsibility.',
  }
}

function outdated(count: number, allowed: number): Omit<Violation, 'file' | 'line'> {
  return {
    what: `imports ${count} files, fewer than the ${allowed} recorded in checks/size-violations.ts`,
    why: 'The recorded number may only decrease.',
    fix: count > maxImportsPerFile ? `Note ${count}.` : 'Remove it from the list.',
  }
}

/** Returns true for an entry file of the package, which gathers the public exports. */
function isEntry(file: string): boolean {
  return /^packages\/holdfast\/src\/[^/]+$/.test(file)
}
