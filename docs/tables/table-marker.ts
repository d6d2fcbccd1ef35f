import { HoldfastError } from 'holdfast'
import { exportsOf, readEntryPoints } from './entry-points.ts'
import type { Declared } from './source-module.ts'

// In a page, a comment marks the place of a generated table. The first line of the comment names
// the content of the table; all other lines are optional:
//
//   <!-- options: PostgresOptions of holdfast/postgres
//   own                                  leaves out what the type inherits
//   only: retention pruneEvery           shows only these rows
//   without: run                         shows all but these
//   link connections: #connections       makes the name of a row a link
//   -->
//   <!-- /options -->

/** The content of a table: the options of a type, the members of a type, or exported functions. */
export type TableKind = 'options' | 'members' | 'functions'

/** A marker in a page. */
export interface TableMarker {
  readonly kind: TableKind
  /** The first line without the kind: `PostgresOptions of holdfast/postgres`. */
  readonly title: string
  readonly isOwnOnly: boolean
  readonly only: readonly string[]
  readonly without: readonly string[]
  readonly links: ReadonlyMap<string, string>
}

/** The properties that a marker selects a row by. */
export interface MarkedRow {
  readonly name: string
  readonly isOwn: boolean
}

const form = /(<!-- (options|members|functions): ([^\n]*?)(?:\n([^]*?))?\s*-->)[^]*?<!-- \/\2 -->/g

/** Returns the markers of a page, in order. */
export function markersOf(page: string): readonly TableMarker[] {
  return [...page.matchAll(form)].map(([, , kind, title, lines]) => toMarker(kind, title, lines))
}

/** Returns a page in which the table after each marker is replaced. */
export function replaceTables(page: string, toTable: (marker: TableMarker) => string): string {
  return page.replaceAll(form, (...[, start, kind, title, lines]: readonly (string | undefined)[]) => {
    const table = toTable(toMarker(kind, title, lines))
    return `${start}\n\n${table}\n\n<!-- /${kind} -->`
  })
}

/**
 * Returns the rows that a marker selects.
 *
 * @throws HoldfastError `option-table-invalid` if the marker names a row that does not exist.
 */
export function selectRows<Row extends MarkedRow>(marker: TableMarker, rows: readonly Row[]): readonly Row[] {
  const { only, without, links, isOwnOnly } = marker
  const names = new Set(rows.map(({ name }) => name))
  const unknown = [...only, ...without, ...links.keys()].find((name) => !names.has(name))
  if (unknown !== undefined) throw invalidMarker(marker, `there is no "${unknown}"`)
  if (only.length > 0) return only.map((name) => rows.find((row) => row.name === name)!)
  return rows.filter(({ name, isOwn }) => !without.includes(name) && (isOwn || !isOwnOnly))
}

/** Returns the declaration of the type that a marker names as `<type> of <entry point>`. */
export function typeOf(marker: TableMarker): Declared {
  const [name = '', specifier] = marker.title.split(' of ')
  const entry = readEntryPoints().find((candidate) => candidate.specifier === specifier)
  const declared = entry && exportsOf(entry).get(name)
  if (!declared)
    throw invalidMarker(marker, 'no entry point exports that type. Write "<type> of <entry point>"')
  return declared
}

/** Returns the error for an invalid marker. */
export function invalidMarker(
  { kind, title }: Pick<TableMarker, 'kind' | 'title'>,
  reason: string,
): HoldfastError {
  return new HoldfastError(
    'option-table-invalid',
    `The marker "${kind}: ${title}" of a page is invalid: ${reason}.`,
  )
}

function toMarker(kindText = '', title = '', lines = ''): TableMarker {
  const kind = kindText as TableKind
  const links = new Map<string, string>()
  let [isOwnOnly, only, without]: [boolean, string[], string[]] = [false, [], []]
  for (const line of lines.split('\n').map((text) => text.trim())) {
    const [, word, names = ''] = /^(only|without|link \w+): (.+)$/.exec(line) ?? []
    if (line === 'own') isOwnOnly = true
    else if (word === 'only') only = names.split(' ')
    else if (word === 'without') without = names.split(' ')
    else if (word) links.set(word.slice('link '.length), names)
    else if (line !== '')
      throw invalidMarker({ kind, title }, `"${line}" is not "own", "only: …", "without: …" or "link …: …"`)
  }
  return { kind, title, isOwnOnly, only, without, links }
}
