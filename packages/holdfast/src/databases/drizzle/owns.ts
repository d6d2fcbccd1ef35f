import { and, eq, getTableColumns, getTableName, type SQL } from 'drizzle-orm'
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core'
import { createOwnedRow, type OwnedRow, type OwnsOptions } from '../../kernel/operation/access/owned-row.ts'
import type { User } from '../../kernel/operation/caller.ts'

type Row<Table extends PgTable> = Table['$inferSelect']
type ColumnName<Table extends PgTable> = keyof Row<Table> & string

/** Options of {@link owns}. The columns are properties of the table. */
export interface DrizzleOwnsOptions<
  Table extends PgTable,
  Id extends ColumnName<Table>,
  Field extends string,
> extends OwnsOptions<Field> {
  /** The column with the id of the owner. */
  readonly owner: ColumnName<Table>
  /** The column with the id of the row; it must be unique. Default `'id'`. */
  readonly id?: Id
  /** The column with the tenant, which must be the caller's. Default: not checked. */
  readonly tenant?: ColumnName<Table>
}

/**
 * Returns an access rule that admits the owner of a row: a user whose id is in the column `owner`.
 * The row is `context.row`. The rule's `where` selects the caller's rows in a list.
 *
 * @example
 * ```ts
 * import { integer, pgTable, text } from 'drizzle-orm/pg-core'
 *
 * const orders = pgTable('orders', { id: integer().primaryKey(), customer: text().notNull() })
 * const ownOrder = owns(orders, { owner: 'customer' })
 * ```
 */
export function owns<
  const Table extends PgTable,
  const Id extends ColumnName<Table> = 'id' & ColumnName<Table>,
  const Field extends string = 'id',
>(
  table: Table,
  options: DrizzleOwnsOptions<Table, Id, Field>,
): OwnedRow<Row<Table>, { readonly [F in Field]: Row<Table>[Id] }, SQL> {
  const { owner, id = 'id' as Id, tenant } = options
  const columns = getTableColumns(table) as unknown as Readonly<Record<string, PgColumn>>
  const isOfTenant = (caller: User): SQL | undefined =>
    tenant === undefined ? undefined : eq(columns[tenant]!, caller.tenant ?? null)
  const where = (caller: User): SQL => and(eq(columns[owner]!, caller.id), isOfTenant(caller))!
  return createOwnedRow<Row<Table>, Row<Table>[Id], SQL, Field>(
    {
      name: `owns(${getTableName(table)})`,
      async find({ key, caller, db, locks }, ownedOnly) {
        const isRow = eq(columns[id]!, key)
        const statement = (db as Selecting<Row<Table>>)
          .select()
          .from(table)
          .where(and(isRow, ownedOnly ? where(caller) : isOfTenant(caller)))
        const [row] = await (locks ? statement.for('update') : statement)
        return row
      },
      isOwned: (row, caller) => String((row as Readonly<Record<string, unknown>>)[owner]) === caller.id,
      where,
    },
    options,
  )
}

/** The part of a Drizzle database that the rule uses. */
interface Selecting<Found> {
  select(): {
    from(table: PgTable): {
      where(
        condition: SQL | undefined,
      ): PromiseLike<Found[]> & { for(strength: 'update'): PromiseLike<Found[]> }
    }
  }
}
