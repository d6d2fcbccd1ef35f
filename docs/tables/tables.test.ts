import { describe, expect, test } from 'vitest'
import { readPages } from '../testing/page.ts'
import { exportsOf, readEntryPoints } from './entry-points.ts'
import { functionsOf } from './function-tables.ts'
import { membersOf } from './option-members.ts'
import { memberTablesOf, optionTablesOf } from './option-tables.ts'
import { writeTables } from './write-tables.ts'

const pages = await readPages()
const tables = pages.flatMap(({ name, text }) =>
  optionTablesOf(text).map((table) => ({ page: name, ...table })),
)

test.each(pages.map((page) => [page.name, page] as const))(
  '%s.md has its current tables; `npm run tables` writes them',
  (_, { text }) => {
    expect(writeTables(text)).toBe(text)
  },
)

describe('every public option', () => {
  /** The option types that no table shows, each with the reason. */
  const withoutTable: Readonly<Record<string, string>> = {
    PageInputOptions: 'the union of the options of the three styles, which have tables of their own',
    ProviderPresetOptions: 'the members of IdentityProvider, which has a table',
    MicrosoftOptions: 'the tenant, and the members of IdentityProvider, which has a table',
  }
  const types = readEntryPoints()
    .flatMap((entry) =>
      [...exportsOf(entry)].map(([name, declared]) => ({
        name,
        title: `${name} of ${entry.specifier}`,
        declared,
      })),
    )
    .filter(({ name, declared }) => isOptionType(name) && declared.node.type.startsWith('TS'))

  test('is in a table', () => {
    const shown = new Set(tables.flatMap(({ members }) => members.map(({ id }) => id)))
    const missing = types
      .filter(({ name }) => !(name in withoutTable))
      .flatMap(({ title, declared }) =>
        membersOf(declared)
          .filter(({ id }) => !shown.has(id))
          .map(({ name }) => `${name} of ${title}`),
      )
    expect(missing).toEqual([])
  })

  test('has a description, and a default unless it is required', () => {
    const incomplete = tables.flatMap(({ title, members }) =>
      members
        .filter(
          ({ description, isRequired, fallback }) =>
            description === '' || (!isRequired && fallback === undefined),
        )
        .map(({ name }) => `${name} of ${title}`),
    )
    expect(incomplete).toEqual([])
  })

  test('has an exception only if its type exists', () => {
    expect(Object.keys(withoutTable).filter((name) => types.every((type) => type.name !== name))).toEqual([])
  })
})

test('every member and function in a table has a description', () => {
  const empty = pages.flatMap(({ text }) => [
    ...memberTablesOf(text).flatMap(({ title, members }) =>
      members.filter(({ description }) => description === '').map(({ name }) => `${name} of ${title}`),
    ),
    ...functionsOf(text)
      .filter(({ description }) => description === '')
      .map(({ call }) => call),
  ])
  expect(empty).toEqual([])
})

/** Returns true if a name is that of an option type. */
function isOptionType(name: string): boolean {
  return /(?:Options|Definition|Limits?|Policy|Check|UniqueJob)$/.test(name)
}
