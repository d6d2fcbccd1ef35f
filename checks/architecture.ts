import { HoldfastError } from 'holdfast'
import { type LayerTable, toMarkdown } from './layer-table.ts'
import { toPicture } from './wing-picture.ts'

/** The path of the document from the root of the repository. */
export const architectureFile = 'ARCHITECTURE.md'

const parts: Readonly<Record<string, (table: LayerTable) => string>> = {
  wings: toPicture,
  layers: toMarkdown,
}

/** Returns the document with the picture and the table of these layers. */
export function updateArchitecture(document: string, table: LayerTable): string {
  return Object.entries(parts).reduce((text, [name, toText]) => {
    const start = `<!-- ${name}: from \`npm run layers -- --write\` -->`
    const end = `<!-- /${name} -->`
    const [before = '', rest] = text.split(start)
    const [, after] = rest?.split(end) ?? []
    if (after === undefined) throw partMissing(start, end)
    return `${before}${start}\n\n${toText(table)}\n\n${end}${after}`
  }, document)
}

function partMissing(start: string, end: string): HoldfastError {
  return new HoldfastError(
    'architecture-part-missing',
    `${architectureFile} has no lines "${start}" and "${end}", between which a part is generated. Add them.`,
  )
}
