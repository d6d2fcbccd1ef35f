import { type Expression, type QueryExecutorProvider, sql, type SqlBool } from 'kysely'
import { createOwnedRow, type OwnedRow, type OwnsOptions } from '../../kernel/operation/access/owned-row.ts'
import type { User } from '../../kernel/operation/caller.ts'

/** Options of {@link owns}. The columns have the names that they have in Kysely's statements. */
export interface KyselyOwnsOptions<Column extends string, Field extends string> extends OwnsOptions<Field> {
  /** The column with the id of the owner. */
  readonly owner: Column
  /** The column with the id of the row; it must be unique. Default `'id'`. */
  readonly id?: Column
  /** The column with the tenant, which must be the caller's. Default: not checked. */
  readonly tenant?: Column
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
 *   readonly customer: string
 * }
 *
 * const ownOrder = owns<Order>('orders', { owner: 'customer' })
 * ```
 */
export function owns<Row extends object, const Field extends string = 'id'>(
  table: string,
  options: KyselyOwnsOptions<keyof Row & string, Field>,
): OwnedRow<Row, { readonly [F in Field]: string | number }, Expression<SqlBool>> {
  const { owner, id = 'id', tenant } = options
  // `sql.id` treats a dot in the name of a column as a part of the name; `sql.ref` would not.
  const isOfTenant = (caller: User): Expression<SqlBool> =>
    tenant === undefined ? sql<SqlBool>`true` : sql<SqlBool>`${sql.id(tenant)} = ${caller.tenant ?? null}`
  const where = (caller: User): Expression<SqlBool> =>
    sql<SqlBool>`(${sql.id(owner)} = ${caller.id} and ${isOfTenant(caller)})`
  return createOwnedRow<Row, string | number, Expression<SqlBool>, Field>(
    {
      name: `owns(${table})`,
      async find({ key, caller, db, locks }, ownedOnly) {
        const { rows } = await sql<Row>`
          select * from ${sql.table(table)}
          where ${sql.id(id)} = ${key} and ${ownedOnly ? where(caller) : isOfTenant(caller)}
          ${locks ? sql`for update` : sql``}`.execute(db as QueryExecutorProvider)
        return rows[0]
      },
      isOwned: (row, caller) => String(row[owner]) === caller.id,
      where,
    },
    options,
  )
}
