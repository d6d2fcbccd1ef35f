import { allows, type LayerTable } from './layer-table.ts'

const roomsWidth = 50

/**
 * Returns a picture of the wings, with the top floor first. Each wing lists its rooms, and has an
 * arrow for each wing that it imports. The arrows that lead to one wing share a column:
 *
 *   runtimes    node    ●        runtimes imports storage and kernel
 *   storage     pages   ▼  ●     storage imports kernel
 *   kernel      base       ▼
 */
export function toPicture(table: LayerTable): string {
  const wings = [...Map.groupBy(Object.keys(table), wingOf)].reverse().map(([name, rooms]) => ({
    name,
    lines: toLines(rooms.filter((room) => room !== name).map((room) => room.slice(name.length + 1))),
    imports: new Set(importsOf(name, table)),
  }))
  const columns = wings.filter(({ name }) => wings.some(({ imports }) => imports.has(name)))
  const nameWidth = Math.max(...wings.map(({ name }) => name.length)) + 3
  const picture = wings.flatMap(({ name, lines, imports }, row) =>
    lines.map((rooms, line) => {
      const marks = columns.map((target) => {
        const targetRow = wings.indexOf(target)
        const firstRow = wings.findIndex((wing) => wing.imports.has(target.name))
        if (line > 0) return row >= firstRow && row < targetRow ? '│' : ' '
        if (row === targetRow) return '▼'
        if (imports.has(target.name)) return '●'
        return row > firstRow && row < targetRow ? '│' : ' '
      })
      const label = (line === 0 ? name : '').padEnd(nameWidth)
      return `${label}${rooms.padEnd(roomsWidth)}${marks.join('  ')}`.trimEnd()
    }),
  )
  return ['```text', ...picture, '```'].join('\n')
}

/** Returns the other wings that the rooms of a wing may import. */
function importsOf(wing: string, table: LayerTable): readonly string[] {
  const rooms = Object.keys(table)
  const allowed = rooms.filter((room) => wingOf(room) === wing).flatMap((room) => table[room] ?? [])
  const reached = rooms.filter((room) => allows(allowed, room))
  return reached.map(wingOf).filter((other) => other !== wing)
}

function wingOf(room: string): string {
  return room.split('/')[0] ?? room
}

/** Joins words into lines that fit beside the columns; at least one line. */
function toLines(words: readonly string[]): readonly string[] {
  const lines = ['']
  for (const word of words) {
    const last = lines.at(-1) ?? ''
    const longer = last === '' ? word : `${last} ${word}`
    if (longer.length < roomsWidth) lines[lines.length - 1] = longer
    else lines.push(word)
  }
  return lines
}
