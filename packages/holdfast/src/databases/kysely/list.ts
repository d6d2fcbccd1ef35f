import { type Compilable, type Expression, type QueryExecutorProvider, type RawBuilder, sql } from 'kysely'
import { type OrderBy, readOrder } from '../../kernel/pages/page-order.ts'
import type { PageSource, PositionedRow } from '../../kernel/pages/page.ts'
import { type Branch, readBranches, type SeekPart } from '../../storage/pages/seek.ts'

/** Options of {@link list}. */
export interface ListOptions<Column extends string> {
  /**
   * Result columns of the statement, by name: `['name', 'id']`, `[pages.descending('createdAt'),
   * 'id']`. The last column must be unique.
   */
  readonly order: readonly OrderBy<Column>[]
}

/** A Kysely SELECT statement, from one table or with joins, groups or unions. */
export interface ListStatement<Row> extends Expression<Row>, Compilable<Row> {}

// The name is one lower-case word, because plugins that rename columns do not change such a name.
const positionColumn = 'holdfastposition'

type Positioned<Row> = Row & { readonly [positionColumn]: readonly (string | null)[] }

/**
 * Creates a list for `page` from a Kysely statement. The statement contains the conditions of the
 * list, but neither ORDER BY nor LIMIT: the list wraps the statement and adds both. An index on the
 * condition columns followed by the order columns makes each page as fast as the first.
 *
 * @throws HoldfastError `page-order-invalid`.
 *
 * @example
 * ```ts
 * import type { KyselyRead } from 'holdfast/kysely'
 *
 * interface Tables {
 *   readonly accounts: { readonly id: string; readonly balance: number }
 * }
 *
 * const accounts = (db: KyselyRead<Tables>) =>
 *   list(db, db.selectFrom('accounts').select('id'), { order: ['id'] })
 * ```
 */
export function list<Row extends object>(
  db: QueryExecutorProvider,
  statement: ListStatement<Row>,
  options: ListOptions<keyof Row & string>,
): PageSource<Row> {
  const { columns, orderings } = readOrder(options.order, (column) => ({ column, name: column }))
  // `sql.ref` cannot be used, because it treats a dot in a name as the separator of table and
  // column.
  const names = columns.map((column) => sql`page.${sql.id(column)}`)
  const position = sql`array[${sql.join(names.map((name) => sql`${name}::text`))}] as ${sql.ref(positionColumn)}`
  const render = (parts: readonly SeekPart[]): RawBuilder<unknown> =>
    sql.join(
      parts.map((part) => toSql(part, names)),
      sql``,
    )

  async function read({ where, orderBy, limit, offset }: Branch): Promise<readonly PositionedRow<Row>[]> {
    const { rows } = await sql<Positioned<Row>>`
      select page.*, ${position} from ${statement} as page
      ${where ? sql`where ${render(where)}` : sql``}
      order by ${render(orderBy)}
      limit ${limit} ${offset === 0 ? sql`` : sql`offset ${offset}`}`.execute(db)
    return rows.map(({ [positionColumn]: values, ...row }) => ({ row: row as unknown as Row, values }))
  }

  return {
    orderings,
    read: (window) => readBranches(window, read),
    async count() {
      const { rows } = await sql<{ count: string }>`select count(*) from ${statement} as page`.execute(db)
      return Number(rows[0]!.count)
    },
  }
}

function toSql(part: SeekPart, names: readonly RawBuilder<unknown>[]): RawBuilder<unknown> {
  if (typeof part === 'string') return sql.raw(part)
  return 'column' in part ? names[part.column]! : sql`${part.value}`
}
