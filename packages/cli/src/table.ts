import { fields } from './fields.ts'
import { printable } from './printable.ts'
import type { Screen } from './screen.ts'
import { fit, pad, widthOf } from './text-width.ts'

/** A column of a table. */
export interface Column<Row> {
  readonly title: string
  value(row: Row): string
  /** True to truncate the column if the table is too wide. */
  readonly isFlexible?: boolean
  /** True to omit the column if the table is too wide. */
  readonly isOptional?: boolean
}

const gap = '  '
const leastFlexible = 10

/**
 * Formats rows as a table that is no wider than the terminal. If the columns do not fit, each row
 * becomes a block of lines.
 */
export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[], screen: Screen): string {
  const cells = rows.map((row) => columns.map((column) => printable(column.value(row))))
  const widths = fitColumns(columns, cells, screen.columns ?? Infinity)
  if (widths) {
    const line = (texts: readonly string[]): string =>
      texts
        .map((text, n) => pad(fit(text, widths[n] ?? 0), widths[n] ?? 0))
        .join(gap)
        .trimEnd()
    return [screen.strong(line(columns.map(({ title }) => title))), ...cells.map(line)].join('\n')
  }
  const optional = columns.findLastIndex(({ isOptional }) => isOptional)
  if (optional >= 0) return table(columns.toSpliced(optional, 1), rows, screen)
  return rows
    .map((row) =>
      fields(
        columns.map((column) => [column.title, column.value(row)]),
        screen,
      ),
    )
    .join('\n\n')
}

/** Returns the width of each column; `undefined` if the columns do not fit. */
function fitColumns<Row>(
  columns: readonly Column<Row>[],
  cells: readonly (readonly string[])[],
  room: number,
): readonly number[] | undefined {
  const widths = columns.map(({ title }, n) =>
    Math.max(widthOf(title), ...cells.map((row) => widthOf(row[n] ?? ''))),
  )
  const total = (): number => widths.reduce((sum, width) => sum + width, gap.length * (columns.length - 1))
  while (total() > room) {
    let widest: number | undefined
    for (const [n, { isFlexible }] of columns.entries())
      if (isFlexible && widths[n]! > leastFlexible && (widest === undefined || widths[n]! > widths[widest]!))
        widest = n
    if (widest === undefined) return undefined
    widths[widest]! -= 1
  }
  return widths
}
