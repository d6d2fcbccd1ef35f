import { HoldfastError } from 'holdfast'
import { exportsOf, readEntryPoints } from './entry-points.ts'
import { toCode, toMarkdownTable } from './markdown-table.ts'
import { membersOf, type OptionMember } from './option-members.ts'
import type { Declared } from './source-module.ts'

// Writes the tables of options in the pages, from the doc comments of the options' types.
//
// A page marks the place of a table with a comment. Its first line names a type and the entry point
// that exports it; each of the other lines is optional:
//
//   <!-- options: PostgresOptions of holdfast/postgres
//   own                                  leaves out what the type inherits
//   only: retention pruneEvery           shows only these options
//   without: run                         shows all but these
//   link connections: #connections       makes the name of an option a link
//   -->
//   <!-- /options -->

/** A table of options in a page. */
export interface OptionTable {
  /** The first line of its marker: `PostgresOptions of holdfast/postgres`. */
  readonly title: string
  readonly members: readonly OptionMember[]
}

const form = /(<!-- options: ([^\n]*?)(?:\n([^]*?))?\s*-->)[^]*?<!-- \/options -->/g

/** Returns the tables that the markers of a page name. */
export function optionTablesOf(text: string): readonly OptionTable[] {
  return [...text.matchAll(form)].map(([, , title = '', lines]) => ({
    title,
    members: selectMembers(title, readSelection(title, lines)),
  }))
}

/**
 * Returns a page with its current tables of options.
 *
 * @throws HoldfastError `option-table-invalid` if a marker names a type or an option that does not
 * exist.
 */
export function writeOptionTables(text: string): string {
  return text.replaceAll(
    form,
    (...[, marker, title, lines]: readonly (string | undefined)[]) =>
      `${marker}\n\n${toTable(title ?? '', lines)}\n\n<!-- /options -->`,
  )
}

function toTable(title: string, lines: string | undefined): string {
  const selection = readSelection(title, lines)
  const rows = selectMembers(title, selection).map((member) => [
    nameCell(member, selection),
    toCode(member.type),
    member.isRequired ? 'required' : (member.fallback ?? 'none'),
    member.description,
  ])
  return toMarkdownTable(['option', 'type', 'default', 'description'], rows)
}

/** Returns the declaration of a type of an entry point, by `<type> of <entry point>`. */
function findType(title: string): Declared {
  const [name = '', specifier] = title.split(' of ')
  const entry = readEntryPoints().find((candidate) => candidate.specifier === specifier)
  const declared = entry && exportsOf(entry).get(name)
  if (!declared) throw invalid(title, 'no entry point exports that type. Write "<type> of <entry point>"')
  return declared
}

/** The lines of a marker after the first. */
interface Selection {
  readonly isOwnOnly: boolean
  readonly only: readonly string[]
  readonly without: readonly string[]
  readonly links: ReadonlyMap<string, string>
}

function readSelection(title: string, lines = ''): Selection {
  const links = new Map<string, string>()
  let [isOwnOnly, only, without]: [boolean, string[], string[]] = [false, [], []]
  for (const line of lines.split('\n').map((text) => text.trim())) {
    const [, word, names = ''] = /^(only|without|link \w+): (.+)$/.exec(line) ?? []
    if (line === 'own') isOwnOnly = true
    else if (word === 'only') only = names.split(' ')
    else if (word === 'without') without = names.split(' ')
    else if (word) links.set(word.slice('link '.length), names)
    else if (line !== '')
      throw invalid(title, `"${line}" is not "own", "only: …", "without: …" or "link …: …"`)
  }
  return { isOwnOnly, only, without, links }
}

function selectMembers(title: string, selection: Selection): readonly OptionMember[] {
  const members = membersOf(findType(title))
  const { only, without, links, isOwnOnly } = selection
  const names = new Set(members.map(({ name }) => name))
  const unknown = [...only, ...without, ...links.keys()].find((name) => !names.has(name))
  if (unknown !== undefined) throw invalid(title, `the type has no option "${unknown}"`)
  if (only.length > 0) return only.map((name) => members.find((member) => member.name === name)!)
  return members.filter(({ name, isOwn }) => !without.includes(name) && (isOwn || !isOwnOnly))
}

function nameCell({ name }: OptionMember, { links }: Selection): string {
  const target = links.get(name)
  return target === undefined ? toCode(name) : `[${toCode(name)}](${target})`
}

function invalid(title: string, reason: string): HoldfastError {
  return new HoldfastError(
    'option-table-invalid',
    `The marker "options: ${title}" of a page is invalid: ${reason}.`,
  )
}
