import { readOptionText } from './doc-comment.ts'
import { exportsOf, readEntryPoints } from './entry-points.ts'
import { toCode, toMarkdownTable } from './markdown-table.ts'
import { invalidMarker, type MarkedRow, markersOf, selectRows, type TableMarker } from './table-marker.ts'
import { toParameters } from './type-text.ts'

/** A function in a table. */
export interface FunctionRow extends MarkedRow {
  /** The call: `listJobs(client, options)`. */
  readonly call: string
  readonly description: string
}

/** Returns the functions in the tables named by a page's markers. */
export function functionsOf(page: string): readonly FunctionRow[] {
  return markersOf(page)
    .filter(({ kind }) => kind === 'functions')
    .flatMap(selectFunctions)
}

/** Returns the table of an entry point's functions, from their doc comments. */
export function toFunctionTable(marker: TableMarker): string {
  const rows = selectFunctions(marker).map(({ call, description }) => [toCode(call), description])
  return toMarkdownTable(['function', 'description'], rows)
}

function selectFunctions(marker: TableMarker): readonly FunctionRow[] {
  const entry = readEntryPoints().find(({ specifier }) => specifier === marker.title)
  if (!entry) throw invalidMarker(marker, 'there is no such entry point')
  const rows = [...exportsOf(entry)].flatMap(([name, { node, comment }]) => {
    if (node.type !== 'FunctionDeclaration' && node.type !== 'TSDeclareFunction') return []
    const { description } = readOptionText(comment)
    return [{ name, isOwn: true, call: `${name}${toParameters(node.params)}`, description }]
  })
  return selectRows(marker, rows)
}
