import { type Ordering, defaultNulls } from '../../kernel/pages/page-order.ts'
import { CursorInvalid } from '../../kernel/problem/problems.ts'
import { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import { driverError, sqlStateOf } from '../postgres/errors/sql-state.ts'
import type { PageWindow, PositionedRow, Position } from '../../kernel/pages/page.ts'

/** A piece of SQL: a text, the index of a sort column, or a value. */
export type SeekPart = string | { readonly column: number } | { readonly value: string }

/** A part of a page window that one index scan reads. */
export interface Branch {
  /** The condition that selects the rows of the branch; `undefined` for all rows. */
  readonly where: readonly SeekPart[] | undefined
  readonly orderBy: readonly SeekPart[]
  readonly limit: number
  readonly offset: number
}

/**
 * Reads a window branch by branch until it has enough rows. One statement is enough, unless the
 * first sort column is nullable. Then the rows with a null are in a different part of the index,
 * and one condition for both parts would scan the whole index.
 */
export async function readBranches<Row>(
  window: PageWindow,
  read: (branch: Branch) => Promise<readonly PositionedRow<Row>[]>,
): Promise<readonly PositionedRow<Row>[]> {
  const { orderings, after, limit, offset } = window
  const orderBy = orderParts(orderings)
  const rows: PositionedRow<Row>[] = []
  for (const where of after ? conditionsOf(orderings, after) : [undefined]) {
    if (rows.length >= limit) break
    const branch = { where, orderBy, limit: limit - rows.length, offset }
    rows.push(...(await read(branch).catch((error: unknown) => fail(error, window))))
  }
  return rows
}

/**
 * The SQLSTATEs for a text that is not a valid value of a column's type. They depend on the type:
 * `22000` for a range, `22009` and `22023` for a time zone, `22015` for an interval, `2202E` for an
 * array, `22P05` for JSON.
 */
const wrongValue = new Set([
  '22000',
  '22003',
  '22007',
  '22008',
  '22009',
  '22015',
  '22023',
  '2202E',
  '22P02',
  '22P05',
])

/**
 * Throws the error to report. The page position comes from the client, so a value that no row can
 * have is a client error. A type without an ordering is a defect of the program.
 */
function fail(error: unknown, { after, orderings }: PageWindow): never {
  const state = sqlStateOf(error)
  if (after && state !== undefined && wrongValue.has(state))
    throw CursorInvalid({ detail: 'The cursor holds a value that is invalid for its column.' })
  if (driverError(error)?.routine === 'get_sort_group_operators') {
    const names = orderings.map(({ name }) => `"${name}"`).join(', ')
    throw new HoldfastError(
      'page-order-invalid',
      `Cannot paginate a list by its order ${names}: ${(driverError(error) as Error).message}. Order by columns whose types Postgres can order, or cast a column, for example to text.`,
      { cause: error },
    )
  }
  throw error
}

/**
 * Returns the sort clause, such as `a desc, b nulls first`. Omits default directions and default
 * null positions.
 */
function orderParts(orderings: readonly Ordering[]): readonly SeekPart[] {
  return orderings.flatMap(({ direction, nulls }, column): readonly SeekPart[] => [
    ...(column === 0 ? [] : [', ']),
    { column },
    direction === 'desc' ? ' desc' : '',
    // A column without nulls needs no NULLS clause: its index serves either direction.
    nulls === 'never' || nulls === defaultNulls(direction) ? '' : ` nulls ${nulls}`,
  ])
}

/**
 * Returns the conditions that select the rows after a position. The rows of the first condition are
 * read first.
 */
function conditionsOf(orderings: readonly Ordering[], after: Position): readonly (readonly SeekPart[])[] {
  const nulls = orderings[0]!.nulls
  if (nulls === 'never') return [behind(orderings, after, 0)]
  const isNull: readonly SeekPart[] = [{ column: 0 }, ' is null']
  const isValue: readonly SeekPart[] = [{ column: 0 }, ' is not null']
  if (after.values[0] !== null) {
    const rest = behind([{ ...orderings[0]!, nulls: 'never' }, ...orderings.slice(1)], after, 0)
    return nulls === 'last' ? [rest, isNull] : [rest]
  }
  const rest = [...isNull, ' and (', ...behind(orderings, after, 1), ')']
  return nulls === 'last' ? [rest] : [rest, isValue]
}

/**
 * Returns the condition for rows after a position, comparing the columns from index `from` on.
 * Columns of one direction without nulls are compared as a row, `(a, b) > ($1, $2)`, which is a
 * range of the index. If more columns follow, the condition is `a >= $1 and (a <> $1 or …)`: the
 * first part is the range. In the second part, `>` would select the same rows as `<>`, but Postgres
 * would count the filter of `>` twice, underestimate the number of rows, and prefer a sort.
 */
function behind(orderings: readonly Ordering[], after: Position, from: number): readonly SeekPart[] {
  const { direction, nulls } = orderings[from]!
  const strict = direction === 'asc' ? '>' : '<'
  if (nulls === 'never') {
    const end = runEnd(orderings, from)
    const compare = (operator: string): readonly SeekPart[] => compareRow(after, { from, end, operator })
    if (end === orderings.length) return compare(after.isInclusive ? `${strict}=` : strict)
    return [
      ...compare(`${strict}=`),
      ' and (',
      ...compare('<>'),
      ' or ',
      ...behind(orderings, after, end),
      ')',
    ]
  }
  const rest = behind(orderings, after, from + 1)
  const column = { column: from }
  const value = after.values[from]
  if (value === null || value === undefined) {
    if (nulls === 'last') return [column, ' is null and (', ...rest, ')']
    return ['(', column, ' is not null or (', ...rest, '))']
  }
  const compare = (operator: string): readonly SeekPart[] =>
    compareRow(after, { from, end: from + 1, operator })
  const orNull: readonly SeekPart[] = nulls === 'last' ? [' or ', column, ' is null'] : []
  return ['(', ...compare(strict), ...orNull, ' or (', ...compare('='), ' and (', ...rest, ')))']
}

/**
 * Returns the end (exclusive) of the run of columns, starting at `from`, that can be compared as
 * one row.
 */
function runEnd(orderings: readonly Ordering[], from: number): number {
  const { direction } = orderings[from]!
  const length = orderings
    .slice(from)
    .findIndex((ordering) => ordering.nulls !== 'never' || ordering.direction !== direction)
  return length === -1 ? orderings.length : from + length
}

interface RowComparison {
  readonly from: number
  readonly end: number
  readonly operator: string
}

function compareRow({ values }: Position, { from, end, operator }: RowComparison): readonly SeekPart[] {
  const indexes = Array.from({ length: end - from }, (_, index) => from + index)
  return [
    ...tuple(indexes.map(columnToCompare)),
    ` ${operator} `,
    ...tuple(indexes.map((column) => valueToCompare(column, values[column]!))),
  ]
}

/**
 * Casts a column to its base type, and a value to the same type, without naming the type. A domain
 * over an enum or a composite type has no operators of its own. If an untyped value is compared
 * with a column of some types (composite types, `regclass`), Postgres infers a different type for
 * the value. A CASE with one branch has the base type of that branch, and is removed before the
 * statement is planned, so that an index of the column is still used.
 */
function columnToCompare(column: number): readonly SeekPart[] {
  return ['case when true then ', { column }, ' end']
}

function valueToCompare(column: number, value: string): readonly SeekPart[] {
  return ['case when false then ', { column }, ' else ', { value }, ' end']
}

function tuple(items: readonly (readonly SeekPart[])[]): readonly SeekPart[] {
  const list = items.flatMap((parts, index) => (index === 0 ? parts : [', ', ...parts]))
  return ['(', ...list, ')']
}
