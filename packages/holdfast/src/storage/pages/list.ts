import type pg from 'pg'
import sql, { empty, join, raw, type Sql } from 'sql-template-tag'
import { type OrderBy, readOrder } from '../../kernel/pages/page-order.ts'
import type { PageSource, PositionedRow } from '../../kernel/pages/page.ts'
import { type Branch, readBranches, type SeekPart } from './seek.ts'
import type { SqlDatabase } from '../postgres/statement/sql.ts'

/** Options of {@link list}. */
export interface ListOptions<Column extends string> {
  /**
   * Output columns of the statement to sort by: `['name', 'id']`, `[pages.descending('created_at'),
   * 'id']`. The last column must be unique.
   */
  readonly order: readonly OrderBy<Column>[]
}

const positionColumn = 'holdfast_position'

type Positioned<Row> = Row & { readonly [positionColumn]: readonly (string | null)[] }

/**
 * Returns a source for `page` that reads from a statement. Write the statement with its filters,
 * but without ORDER BY and LIMIT. It is wrapped in another statement, which adds the page
 * boundaries. An index on the filter columns followed by the order columns makes every page as fast
 * as the first.
 *
 * @throws HoldfastError `page-order-invalid`.
 *
 * @example
 * ```ts
 * query({
 *   route: 'GET /accounts',
 *   access: signedIn(),
 *   input: pages.input(),
 *   output: pages.output(z.object({ id: z.string() })),
 *   run: ({ input, db, page }) =>
 *     page(input, list<{ id: string }>(db, sql`select id from accounts`, { order: ['id'] })),
 * })
 * ```
 */
export function list<Row extends pg.QueryResultRow>(
  db: Pick<SqlDatabase, 'query'>,
  statement: Sql,
  options: ListOptions<keyof Row & string>,
): PageSource<Row> {
  const { columns, orderings } = readOrder(options.order, (column) => ({ column, name: column }))
  const names = columns.map((column) => raw(`page.${quoteIdentifier(column)}`))
  const position = sql`array[${join(names.map((name) => sql`${name}::text`))}] as ${raw(positionColumn)}`
  const render = (parts: readonly SeekPart[]): Sql => joined(parts.map((part) => toSql(part, names)))

  async function read({ where, orderBy, limit, offset }: Branch): Promise<readonly PositionedRow<Row>[]> {
    const rows = await db.query<Positioned<Row>>(sql`
      select page.*, ${position} from (${statement}
      ) as page
      ${where ? sql`where ${render(where)}` : empty}
      order by ${render(orderBy)}
      limit ${limit} ${offset === 0 ? empty : sql`offset ${offset}`}`)
    return rows.map(({ [positionColumn]: values, ...row }) => ({ row: row as unknown as Row, values }))
  }

  return {
    orderings,
    read: (window) => readBranches(window, read),
    async count() {
      const [counted] = await db.query<{ count: string }>(sql`select count(*) from (${statement}
      ) as page`)
      return Number(counted!.count)
    },
  }
}

function toSql(part: SeekPart, names: readonly Sql[]): Sql {
  if (typeof part === 'string') return raw(part)
  return 'column' in part ? names[part.column]! : sql`${part.value}`
}

function joined(parts: readonly Sql[]): Sql {
  return join(parts, '')
}

function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
