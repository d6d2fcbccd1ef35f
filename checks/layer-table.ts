import { readFileSync } from 'node:fs'

/**
 * For each folder of packages/holdfast/src, the folders that its files may import; `*` stands for
 * all of them.
 */
export type LayerTable = Readonly<Record<string, readonly string[]>>

/** The table that the project follows. */
export const layerTable: LayerTable = JSON.parse(
  readFileSync(new URL('layers.json', import.meta.url), 'utf8'),
) as LayerTable

/** The lines of ARCHITECTURE.md that enclose the table. */
export const tableStart = '<!-- layers: from `npm run --silent layers -- --markdown` -->'
export const tableEnd = '<!-- /layers -->'

/** Returns the table in Markdown, with columns padded as the formatter pads them. */
export function toMarkdown(table: LayerTable): string {
  const rows = Object.entries(table).map(([folder, allowed]) => [code(folder), describe(allowed)] as const)
  const lines = [['folder', 'may import'] as const, ...rows]
  const folderWidth = Math.max(...lines.map(([folder]) => folder.length))
  const allowedWidth = Math.max(...lines.map(([, allowed]) => allowed.length))
  const [heading, ...body] = lines.map(
    ([folder, allowed]) => `| ${folder.padEnd(folderWidth)} | ${allowed.padEnd(allowedWidth)} |`,
  )
  const rule = `| ${'-'.repeat(folderWidth)} | ${'-'.repeat(allowedWidth)} |`
  return [heading, rule, ...body].join('\n')
}

function describe(allowed: readonly string[]): string {
  if (allowed.includes('*')) return 'every folder'
  return allowed.length === 0 ? 'nothing' : allowed.map(code).join(', ')
}

function code(name: string): string {
  return `\`${name}\``
}
