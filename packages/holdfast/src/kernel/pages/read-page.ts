import type { CursorCodec } from './cursor.ts'
import { HoldfastError } from '../base/holdfast-error.ts'
import {
  type KeysetValues,
  maxCursorLength,
  type Page,
  type PageMarks,
  type PageRequest,
  type PageSource,
  type PagingStyle,
  type PositionedRow,
  type Position,
} from './page.ts'
import { type Ordering, reversed } from './page-order.ts'
import { CursorInvalid } from '../problem/problems.ts'

/** The call for which a page is read. */
export interface PageReading {
  readonly cursors: CursorCodec
  /** The list, identified by its route. */
  readonly list: string
  /** The tenant that owns the data; a cursor is valid only for the tenant it was created for. */
  readonly tenant: string | undefined
  /**
   * The whole input of the operation; a cursor is valid only for the filters it was created with.
   */
  readonly input: unknown
}

/** The two directions in which a list continues from a page. */
type Side = 'next' | 'prev'

/** The start of a page and its direction of reading. */
interface Start {
  readonly isBackward: boolean
  readonly after: Position | undefined
  readonly offset: number
}

/** A position to continue from, on one side of a page. */
interface Boundary {
  readonly values: readonly (string | null)[]
  readonly isInclusive?: boolean
}

/** A paging style: parses the start of a page and creates the marks of other pages. */
interface Paging<Style extends PagingStyle> {
  open(): Promise<Start>
  /**
   * Returns the cursor, or offset, of the page on this side; `undefined` if the paging style cannot
   * express it.
   */
  cursorFor(side: Side, boundary: Boundary): Promise<PageMarks[Style] | undefined>
}

/** Reads one page, plus one row to detect whether another page follows. Throws `CursorInvalid`. */
export async function readPage<Row, Item>(
  request: PageRequest,
  source: PageSource<Row>,
  { toItem, ...reading }: PageReading & { readonly toItem: (row: Row) => Item },
): Promise<Page<Item, PagingStyle>> {
  const { limit, offset = 0 } = request
  const total = request.count === true ? countOf(source, reading.list) : undefined
  // The rows are awaited first. If the count fails in the meantime, this handler prevents an
  // unhandled rejection.
  total?.catch(() => {})
  if (request.style === 'offset') {
    const window = { orderings: source.orderings, after: undefined, limit: limit + 1, offset }
    const { rows, isMore } = cut(await source.read(window), limit)
    return {
      items: rows.map(({ row }) => toItem(row)),
      ...(isMore ? { next: offset + limit } : {}),
      ...(offset > 0 ? { prev: Math.max(0, offset - limit) } : {}),
      ...(total ? { total: await total } : {}),
    }
  }
  const paging =
    request.style === 'keyset'
      ? byKeyset(request, source.orderings)
      : byCursor(request, source.orderings, reading)
  const { isBackward, after } = await paging.open()
  const orderings = isBackward ? reversed(source.orderings) : source.orderings
  const { rows: read, isMore } = cut(
    await source.read({ orderings, after, limit: limit + 1, offset: 0 }),
    limit,
  )
  const rows = isBackward ? read.toReversed() : read
  const ends = pageBoundaries(rows, { after, isBackward, isMore })
  const next = ends.next && (await paging.cursorFor('next', ends.next))
  const prev = ends.prev && (await paging.cursorFor('prev', ends.prev))
  return {
    items: rows.map(({ row }) => toItem(row)),
    ...(next === undefined ? {} : { next }),
    ...(prev === undefined ? {} : { prev }),
    ...(total ? { total: await total } : {}),
  }
}

function cut<Row>(
  rows: readonly PositionedRow<Row>[],
  limit: number,
): { readonly rows: readonly PositionedRow<Row>[]; readonly isMore: boolean } {
  return { rows: rows.slice(0, limit), isMore: rows.length > limit }
}

/**
 * Returns the positions to continue from. If a client reached this page from another page, this
 * page links back to it, even if this page is empty.
 */
function pageBoundaries(
  rows: readonly PositionedRow<unknown>[],
  {
    after,
    isBackward,
    isMore,
  }: { readonly after: Position | undefined; readonly isBackward: boolean; readonly isMore: boolean },
): { readonly [S in Side]?: Boundary } {
  const [first, last] = [rows[0], rows.at(-1)]
  if (first === undefined || last === undefined) {
    if (after === undefined) return {}
    const back: Boundary = { values: after.values, isInclusive: !after.isInclusive }
    return isBackward ? { next: back } : { prev: back }
  }
  const isAfter = isBackward ? true : isMore
  const isBefore = isBackward ? isMore : after !== undefined
  return { ...(isAfter ? { next: last } : {}), ...(isBefore ? { prev: first } : {}) }
}

function byCursor(
  { cursor }: PageRequest,
  orderings: readonly Ordering[],
  { cursors, ...reading }: PageReading,
): Paging<'cursor'> {
  const binding = bindingOf(reading, orderings)
  return {
    async open() {
      if (cursor === undefined) return { isBackward: false, after: undefined, offset: 0 }
      const [way, ...values] = (await cursors.open(cursor, binding)) ?? []
      if (typeof way !== 'string' || values.length !== orderings.length) throw CursorInvalid()
      return { isBackward: way.startsWith('<'), after: { values, isInclusive: way.endsWith('=') }, offset: 0 }
    },
    async cursorFor(side, { values, isInclusive = false }) {
      const way = (side === 'next' ? '>' : '<') + (isInclusive ? '=' : '')
      const sealed = await cursors.seal([way, ...values], binding)
      if (sealed.length > maxCursorLength) throw positionTooLong(orderings)
      return sealed
    },
  }
}

function bindingOf(
  { list, tenant, input }: Omit<PageReading, 'cursors'>,
  orderings: readonly Ordering[],
): string {
  const { limit: _, cursor: __, count: ___, style: ____, ...filters } = input as Record<string, unknown>
  const sorted = Object.entries(filters).sort(([a], [b]) => (a < b ? -1 : 1))
  const order = orderings.map(({ name, direction, nulls }) => [name, direction, nulls])
  return JSON.stringify([list, tenant ?? null, order, sorted], spelledOut)
}

/**
 * Replaces values that a schema can produce but JSON cannot express, so that different filters
 * always have different texts.
 */
function spelledOut(_name: string, value: unknown): unknown {
  if (typeof value === 'bigint') return { bigint: String(value) }
  if (value instanceof Set) return { set: [...(value as Set<unknown>)] }
  if (value instanceof Map) return { map: [...(value as Map<unknown, unknown>)] }
  return typeof value === 'number' && !Number.isFinite(value) ? { number: String(value) } : value
}

function byKeyset({ after, before }: PageRequest, orderings: readonly Ordering[]): Paging<'keyset'> {
  return {
    async open() {
      const given = after ?? before
      if (given === undefined) return { isBackward: false, after: undefined, offset: 0 }
      const values = orderings.map(({ name }) => toText(given, name))
      return { isBackward: after === undefined, after: { values, isInclusive: false }, offset: 0 }
    },
    async cursorFor(side, { values, isInclusive = false }) {
      if (isInclusive) return undefined
      const prefix = side === 'next' ? 'after' : 'before'
      return Object.fromEntries(
        orderings.map(({ name }, index) => [`${prefix}_${name}`, visible(values[index], name)]),
      )
    },
  }
}

/** Returns the text of a value sent by a client. */
function toText(values: KeysetValues, name: string): string {
  const value = values[name]
  if (
    typeof value === 'string' ||
    typeof value === 'bigint' ||
    typeof value === 'boolean' ||
    Number.isSafeInteger(value)
  )
    return String(value)
  throw new HoldfastError(
    'page-position-invalid',
    `The keys of a page have ${value === undefined ? 'no value' : `an inexact value (${typeof value})`} for the ordering column "${name}". List all ordering columns in \`keys\`, with schemas that return strings, integers or booleans.`,
  )
}

function visible(value: string | null | undefined, name: string): string {
  if (value !== null && value !== undefined) return value
  throw new HoldfastError(
    'page-position-invalid',
    `The ordering column "${name}" is null in this page, and a client cannot send null as a position. Page by cursor, or order by columns without nulls.`,
  )
}

function positionTooLong(orderings: readonly Ordering[]): HoldfastError {
  return new HoldfastError(
    'page-position-invalid',
    `The values of the ordering columns ${orderings.map(({ name }) => name).join(', ')} are too long for a cursor (max ${maxCursorLength} characters) and for an index. Order by a shorter value, such as left(title, 200), and then by a unique column.`,
  )
}

async function countOf(source: PageSource<unknown>, list: string): Promise<number> {
  if (source.count) return source.count()
  throw new HoldfastError(
    'page-uncountable',
    `${list} accepts \`count\`, but its list has no \`count\` function. Add one, or disable \`count\`.`,
  )
}
