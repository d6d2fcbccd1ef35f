import { allows, isWing, type LayerTable } from './layer-table.ts'
import type { ModuleGraph } from './module-graph.ts'
import { isTestFile } from './source-files.ts'
import type { Violation } from './violation.ts'

const source = 'packages/holdfast/src/'
const tableFile = 'checks/layers.json'

/**
 * Returns the imports that break the layering of packages/holdfast/src, and the table's rows that
 * are in the wrong order. Tests may import anything.
 */
export function findLayerViolations(graph: ModuleGraph, table: LayerTable): readonly Violation[] {
  const shipped = [...graph].filter(([file]) => file.startsWith(source) && !isTestFile(file))
  const imports = shipped.flatMap(([file, found]) => found.map((one) => ({ file, ...one })))
  return [
    ...upwardRows(table),
    ...unlistedRooms(
      shipped.map(([file]) => file),
      table,
    ),
    ...imports.flatMap(({ file, line, target }) => {
      const breach = target === undefined ? undefined : breachOf(table, file, target)
      return breach === undefined ? [] : [{ file, line, ...breach }]
    }),
  ]
}

/** Returns a violation for each row that allows an import from a row below it. */
function upwardRows(table: LayerTable): readonly Violation[] {
  const rooms = Object.keys(table)
  return Object.entries(table).flatMap(([room, allowed], index) =>
    allowed
      .filter((name) => name !== '*' && !isBelow(name, { rooms, index }))
      .map((name) => ({
        file: tableFile,
        line: index + 2,
        what: `${room} may import ${name}, which is not in an earlier row`,
        why: 'The order of the rows is the order of the floors: a room knows only the floors below it.',
        fix: 'Move the row, or pass the needed value in from above.',
      })),
  )
}

function isBelow(name: string, { rooms, index }: { rooms: readonly string[]; index: number }): boolean {
  const named = rooms.filter((room) => room === name || room.startsWith(`${name}/`))
  return named.length > 0 && named.every((room) => rooms.indexOf(room) < index)
}

function unlistedRooms(files: readonly string[], table: LayerTable): readonly Violation[] {
  const firstOfRoom = new Map(files.toReversed().map((file) => [roomOf(file, table), file]))
  return [...firstOfRoom].flatMap(([room, file]) =>
    room === undefined || room in table
      ? []
      : [
          {
            file,
            line: 1,
            what: `the folder ${room} has no row in ${tableFile}`,
            why: 'Without a row, no rule says which rooms it may import.',
            fix: `Add it to ${tableFile} with as few rooms as it needs.`,
          },
        ],
  )
}

type Breach = Pick<Violation, 'what' | 'why' | 'fix'>

function breachOf(table: LayerTable, file: string, target: string): Breach | undefined {
  if (isTestFile(target)) return importsTest(target)
  if (!target.startsWith(source)) return undefined
  const from = roomOf(file, table)
  const to = roomOf(target, table)
  if (from === to) return undefined
  if (to === undefined) return importsEntry(from, target)
  if (table[to]?.includes('*')) return isEntryOf(to, file) ? undefined : importsTop(to, target)
  const allowed = table[from ?? ''] ?? []
  if (from === undefined || allows(allowed, to)) return undefined
  return importsUpwards(from, { to, target, allowed })
}

function importsTest(target: string): Breach {
  return {
    what: `imports ${target}, which only tests may import`,
    why: 'Tests and their fixtures are not part of the published package.',
    fix: 'Move the shared code to a file that is neither a test nor a fixture.',
  }
}

function importsEntry(from: string | undefined, target: string): Breach {
  return {
    what: `${from} imports the entry file ${target}`,
    why: 'An entry file gathers rooms for users. A file that imports it depends on all of these rooms.',
    fix: 'Import the file that declares the name.',
  }
}

function importsTop(to: string, target: string): Breach {
  return {
    what: `imports ${to} (${target})`,
    why: `${to} may import every room, so only its own entry files (${to}.ts, ${to}-*.ts) import it.`,
    fix: `Move the needed code from ${to} to the room that it belongs to.`,
  }
}

interface Upwards {
  readonly to: string
  readonly target: string
  readonly allowed: readonly string[]
}

function importsUpwards(from: string, { to, target, allowed }: Upwards): Breach {
  return {
    what: `${from} imports ${to} (${target})`,
    why: `According to ${tableFile}, ${from} may import ${allowed.length === 0 ? 'no other room' : `only ${allowed.join(', ')}`}.`,
    fix: `Pass the value in from above, move the code to the room that it belongs to, or change ${tableFile}.`,
  }
}

function isEntryOf(room: string, file: string): boolean {
  const isEntry = !file.slice(source.length).includes('/')
  return isEntry && [`${room}.`, `${room}-`].some((start) => file.startsWith(source + start))
}

/**
 * Returns the room that contains a file: `kernel/pages`, or `testing` for a wing without rooms.
 * `undefined` for an entry file.
 */
function roomOf(file: string, table: LayerTable): string | undefined {
  const [wing, room, ...rest] = file.slice(source.length).split('/')
  if (wing === undefined || room === undefined) return undefined
  return rest.length > 0 && (isWing(wing, table) || !(wing in table)) ? `${wing}/${room}` : wing
}
