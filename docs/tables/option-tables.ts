import { toCode, toMarkdownTable } from './markdown-table.ts'
import { membersOf, type OptionMember } from './option-members.ts'
import { markersOf, selectRows, type TableMarker, typeOf } from './table-marker.ts'

/** A table in a page that lists the options or the members of a type. */
export interface OptionTable {
  /** The type and its entry point: `PostgresOptions of holdfast/postgres`. */
  readonly title: string
  readonly members: readonly OptionMember[]
}

/** Returns the option tables named by a page's markers. */
export function optionTablesOf(page: string): readonly OptionTable[] {
  return tablesOf(page, 'options')
}

/** Returns the member tables named by a page's markers. */
export function memberTablesOf(page: string): readonly OptionTable[] {
  return tablesOf(page, 'members')
}

function tablesOf(page: string, kind: 'options' | 'members'): readonly OptionTable[] {
  return markersOf(page)
    .filter((marker) => marker.kind === kind)
    .map((marker) => ({ title: marker.title, members: selectMembers(marker) }))
}

/** Returns the table of a type's options, from their doc comments. */
export function toOptionTable(marker: TableMarker): string {
  const rows = selectMembers(marker).map((member) => [
    nameCell(member, marker),
    toCode(member.type),
    member.isRequired ? 'required' : (member.fallback ?? 'none'),
    member.description,
  ])
  return toMarkdownTable(['option', 'type', 'default', 'description'], rows)
}

/** Returns the table of a type's members, from their doc comments. */
export function toMemberTable(marker: TableMarker): string {
  const rows = selectMembers(marker).map((member) => [nameCell(member, marker), member.description])
  return toMarkdownTable(['member', 'description'], rows)
}

function selectMembers(marker: TableMarker): readonly OptionMember[] {
  return selectRows(marker, membersOf(typeOf(marker)))
}

function nameCell({ name }: OptionMember, { links }: TableMarker): string {
  const target = links.get(name)
  return target === undefined ? toCode(name) : `[${toCode(name)}](${target})`
}
