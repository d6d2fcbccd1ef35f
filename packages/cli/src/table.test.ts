import { describe, expect, test } from 'vitest'
import type { Screen } from './screen.ts'
import { type Column, table } from './table.ts'

interface Row {
  readonly id: string
  readonly name: string
  readonly note: string
}
const columns: readonly Column<Row>[] = [
  { title: 'ID', value: ({ id }) => id },
  { title: 'NAME', value: ({ name }) => name, isFlexible: true },
  { title: 'NOTE', value: ({ note }) => note, isFlexible: true, isOptional: true },
]
const rows: readonly Row[] = [
  { id: '1', name: 'a name of some length', note: 'a note\nof two lines' },
  { id: '22', name: 'short', note: '' },
]
const show = (width: number | undefined): readonly string[] => {
  const screen: Screen = { columns: width, now: new Date(), strong: (text) => text }
  return table(columns, rows, screen).split('\n')
}

describe('a table', () => {
  test('a table is as wide as its content if there is no width to fit', () => {
    expect(show(undefined)).toEqual([
      'ID  NAME                   NOTE',
      String.raw`1   a name of some length  a note\nof two lines`,
      '22  short',
    ])
  })

  test('a table is cut to fit a terminal', () => {
    expect(show(30)).toEqual([
      'ID  NAME          NOTE',
      String.raw`1   a name of s…  a note\nof …`,
      '22  short',
    ])
  })

  test('a table omits optional columns that do not fit', () => {
    expect(show(20)).toEqual(['ID  NAME', '1   a name of some …', '22  short'])
  })

  test('a table prints each row on several lines if it does not fit at all', () => {
    expect(show(12)).toEqual(['ID    1', 'NAME  a name of some length', '', 'ID    22', 'NAME  short'])
  })

  test('a table counts the columns that a terminal uses', () => {
    const screen: Screen = { columns: 14, now: new Date(), strong: (text) => text }
    const wide = [{ id: '1', name: '世界世界世界世界', note: '' }]
    expect(table(columns.slice(0, 2), wide, screen)).toBe('ID  NAME\n1   世界世界…')
  })
})
