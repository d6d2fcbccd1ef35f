import type { CursorCodec } from './cursor.ts'
import { HoldfastError } from './holdfast-error.ts'
import { CursorInvalid } from './problems.ts'
import {
  maxCursorLength,
  type Ordered,
  type Page,
  type PageRequest,
  type PageSource,
  type Position,
  toPositionText,
} from './page.ts'

/** What a page is read for. */
export interface PageReading {
  readonly cursors: CursorCodec
  /** The list: its route. */
  readonly list: string
  /** The operation's whole input: a cursor is good for the filters that it was made with only. */
  readonly input: unknown
}

/** Reads one page, and one row more to see whether another follows. Throws `CursorInvalid`. */
export async function readPage<Key extends string, Row extends Ordered<Key>, Item>(
  request: PageRequest,
  source: PageSource<Key, Row, Item>,
  reading: PageReading,
): Promise<Page<Item>> {
  const binding = bindingOf(reading, source.orderedBy)
  const after = await openPosition(request.cursor, source.orderedBy, { ...reading, binding })
  const rows = await source.rows({ after, limit: request.limit + 1 })
  const kept = rows.slice(0, request.limit)
  const items = kept.map((row) => (source.item ? source.item(row) : (row as unknown as Item)))
  const last = kept.at(-1)
  if (rows.length <= request.limit || last === undefined) return { items }
  const position = source.orderedBy.map((column) => toPositionText(last[column], column))
  const next = await reading.cursors.seal(position, binding)
  if (next.length > maxCursorLength) throw positionTooLong(source.orderedBy)
  return { items, next }
}

function bindingOf({ list, input }: PageReading, orderedBy: readonly string[]): string {
  const { limit: _, cursor: __, ...filters } = input as Record<string, unknown>
  const sorted = Object.entries(filters).sort(([a], [b]) => (a < b ? -1 : 1))
  return JSON.stringify([list, orderedBy, sorted])
}

async function openPosition<Key extends string>(
  cursor: string | undefined,
  orderedBy: readonly Key[],
  { cursors, binding }: PageReading & { readonly binding: string },
): Promise<Position<Key> | undefined> {
  if (cursor === undefined) return undefined
  const values = await cursors.open(cursor, binding)
  if (values?.length !== orderedBy.length) throw CursorInvalid()
  return Object.fromEntries(orderedBy.map((column, index) => [column, values[index]])) as Position<Key>
}

function positionTooLong(orderedBy: readonly string[]): HoldfastError {
  return new HoldfastError(
    'page-position-invalid',
    `The values of the ordering columns ${orderedBy.join(', ')} are too long for a cursor of ${maxCursorLength} characters. Order by something shorter.`,
  )
}
