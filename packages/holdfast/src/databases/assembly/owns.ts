import sql, { empty, raw, type Sql } from 'sql-template-tag'
import type pg from 'pg'
import { createOwnedRow, type OwnedRow, type OwnsOptions } from '../../kernel/operation/access/owned-row.ts'
import type { User } from '../../kernel/operation/caller.ts'
import type { SqlDatabase } from '../../storage/postgres/statement/sql.ts'

/** Options of {@link owns}. */
export interface SqlOwnsOptions<Field extends string> extends OwnsOptions<Field> {
  /** The column with the id of the owner. */
  readonly owner: string
  /** The column with the id of the row; it must be unique. Default `'id'`. */
  readonly id?: string
  /** The column with the tenant, which must be the caller's. Default: not checked. */
  readonly tenant?: string
}

/**
 * Returns an access rule that admits the owner of a row: a user whose id is in the column `owner`.
 * The row, with all its columns, is `context.row`. The rule's `where` selects the caller's rows in
 * a list.
 *
 * @param table the name of the table: `'orders'`, `'sales.orders'`.
 *
 * @example
 * ```ts
 * interface Order {
 *   readonly id: number
 *   readonly total: number
 * }
 *
 * const ownOrder = owns<Order>('orders', { owner: 'customer' })
 * ```
 */
export function owns<Row extends object = pg.QueryResultRow, const Field extends string = 'id'>(
  table: string,
  options: SqlOwnsOptions<Field>,
): OwnedRow<Row, { readonly [F in Field]: string | number }, Sql> {
  const { owner, id = 'id', tenant } = options
  const isOfTenant = (caller: User): Sql =>
    tenant === undefined ? empty : sql`and ${name(tenant)} = ${caller.tenant ?? null}`
  const where = (caller: User): Sql => sql`(${name(owner)} = ${caller.id} ${isOfTenant(caller)})`
  return createOwnedRow<Row, string | number, Sql, Field>(
    {
      name: `owns(${table})`,
      async find({ key, caller, db, locks }, ownedOnly) {
        const [row] = await (db as SqlDatabase).query<Row & pg.QueryResultRow>(sql`
          select * from ${name(table)} where ${name(id)} = ${key}
          ${ownedOnly ? sql`and ${where(caller)}` : isOfTenant(caller)}
          ${locks ? sql`for update` : empty}`)
        return row
      },
      isOwned: (row, caller) => String((row as Readonly<Record<string, unknown>>)[owner]) === caller.id,
      where,
    },
    options,
  )
}

/** Returns a quoted name. A dot separates the schema from the name. */
function name(text: string): Sql {
  return raw(
    text
      .split('.')
      .map((part) => `"${part.replaceAll('"', '""')}"`)
      .join('.'),
  )
}
