import type { LayerTable } from './layer-table.ts'
import type { ModuleGraph } from './module-graph.ts'
import { isTestFile } from './source-files.ts'
import type { Violation } from './violation.ts'

const source = 'packages/holdfast/src/'
const tableFile = 'checks/layers.json'

/**
 * Returns imports that break the layering of the folders of packages/holdfast/src; tests may import
 * anything.
 */
export function findLayerViolations(graph: ModuleGraph, table: LayerTable): readonly Violation[] {
  const shipped = [...graph].filter(([file]) => file.startsWith(source) && !isTestFile(file))
  const imports = shipped.flatMap(([file, found]) => found.map((one) => ({ file, ...one })))
  return [
    ...unlistedFolders(
      shipped.map(([file]) => file),
      table,
    ),
    ...imports.flatMap(({ file, line, target }) => {
      const breach = target === undefined ? undefined : judge(table, file, target)
      return breach === undefined ? [] : [{ file, line, ...breach }]
    }),
  ]
}

function unlistedFolders(files: readonly string[], table: LayerTable): readonly Violation[] {
  const firstOfFolder = new Map(files.toReversed().map((file) => [folderOf(file), file]))
  return [...firstOfFolder].flatMap(([folder, file]) =>
    folder === undefined || folder in table
      ? []
      : [
          {
            file,
            line: 1,
            what: `the folder ${folder} has no row in ${tableFile}`,
            why: 'Without one nothing says what it may import.',
            mend: `Add it to ${tableFile} with as few folders as it needs.`,
          },
        ],
  )
}

type Breach = Pick<Violation, 'what' | 'why' | 'mend'>

function judge(table: LayerTable, file: string, target: string): Breach | undefined {
  if (isTestFile(target)) return importsTest(target)
  if (!target.startsWith(source)) return undefined
  const from = folderOf(file)
  const to = folderOf(target)
  if (from === to) return undefined
  if (to === undefined) return importsEntry(from, target)
  const allowed = table[from ?? ''] ?? []
  if (table[to]?.includes('*')) return isEntryOf(to, file) ? undefined : importsTop(to, target)
  if (from === undefined || allowed.includes(to) || allowed.includes('*')) return undefined
  return importsUpwards(from, target, allowed)
}

function importsTest(target: string): Breach {
  return {
    what: `imports ${target}, which only tests may`,
    why: 'Tests and their fixtures are not part of the published package.',
    mend: 'Move what is shared into a file that is neither.',
  }
}

function importsEntry(from: string | undefined, target: string): Breach {
  return {
    what: `${from} imports the entry file ${target}`,
    why: 'An entry file gathers folders for the outside: to import one is to depend on all behind it.',
    mend: 'Import the file that declares the name.',
  }
}

function importsTop(to: string, target: string): Breach {
  return {
    what: `imports ${to} (${target})`,
    why: `${to} may import every folder, so nothing but its own entry files (${to}.ts, ${to}-*.ts) imports it.`,
    mend: `Move what is needed from ${to} to the folder that it is about.`,
  }
}

function importsUpwards(from: string, target: string, allowed: readonly string[]): Breach {
  return {
    what: `${from} imports ${folderOf(target)} (${target})`,
    why: `By ${tableFile} ${from} may import ${allowed.length === 0 ? 'no other folder' : `only ${allowed.join(', ')}`}.`,
    mend: `Have it passed in from above, move the code to the folder that it is about, or change ${tableFile}.`,
  }
}

function isEntryOf(folder: string, file: string): boolean {
  const isEntry = folderOf(file) === undefined
  return isEntry && [`${folder}.`, `${folder}-`].some((start) => file.startsWith(source + start))
}

/** Returns the folder directly in src that contains a file; `undefined` for an entry file. */
function folderOf(file: string): string | undefined {
  const [folder, ...rest] = file.slice(source.length).split('/')
  return rest.length === 0 ? undefined : folder
}
