import { expect, test } from 'vitest'
import { rowList } from './row-list.ts'
import type { Screen } from './screen.ts'

const screen: Screen = { columns: undefined, now: new Date(), strong: (text) => text }
const columns = [{ title: 'ID', value: ({ id }: { readonly id: string }) => id }]
const more = ({ id }: { readonly id: string }): string => `--after ${id}`

test('a list without rows says that it has no rows', () => {
  expect(rowList({ rows: [], columns, limit: 2, more }, screen)).toBe('None found.')
})

test('a list with fewer rows than requested is complete', () => {
  expect(rowList({ rows: [{ id: 'a' }], columns, limit: 2, more }, screen)).toBe('ID\na')
})

test('a full list names the options for further rows', () => {
  const rows = [{ id: 'a' }, { id: 'b' }]
  expect(rowList({ rows, columns, limit: 2, more }, screen)).toBe('ID\na\nb\nThere may be more: --after b')
})
