import { readFileSync } from 'node:fs'

/**
 * For each room of packages/holdfast/src (`kernel/pages`), the rooms that its files may import.
 * Rooms come after the rooms that they import. A wing (`kernel`) means all of its rooms, and `*`
 * every room.
 */
export type LayerTable = Readonly<Record<string, readonly string[]>>

/** The table that the project follows. */
export const layerTable: LayerTable = JSON.parse(
  readFileSync(new URL('layers.json', import.meta.url), 'utf8'),
) as LayerTable

/** Returns true if the table has rows for rooms of this wing. */
export function isWing(name: string, table: LayerTable): boolean {
  return Object.keys(table).some((room) => room.startsWith(`${name}/`))
}

/** Returns true if a list of rooms and wings covers a room. */
export function allows(allowed: readonly string[], room: string): boolean {
  return allowed.some((name) => name === '*' || name === room || room.startsWith(`${name}/`))
}

/** Returns the table in Markdown, with columns padded as the formatter pads them. */
export function toMarkdown(table: LayerTable): string {
  const rows = Object.entries(table).map(([room, allowed]) => [code(room), describe(allowed)] as const)
  const lines = [['room', 'may import'] as const, ...rows]
  const roomWidth = Math.max(...lines.map(([room]) => room.length))
  const allowedWidth = Math.max(...lines.map(([, allowed]) => allowed.length))
  const [heading, ...body] = lines.map(
    ([room, allowed]) => `| ${room.padEnd(roomWidth)} | ${allowed.padEnd(allowedWidth)} |`,
  )
  const rule = `| ${'-'.repeat(roomWidth)} | ${'-'.repeat(allowedWidth)} |`
  return [heading, rule, ...body].join('\n')
}

function describe(allowed: readonly string[]): string {
  if (allowed.includes('*')) return 'every room'
  return allowed.length === 0 ? 'nothing' : allowed.map(code).join(', ')
}

function code(name: string): string {
  return `\`${name}\``
}
