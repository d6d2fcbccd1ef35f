import sql, { empty, raw, type Sql } from 'sql-template-tag'
import { createOwnedRow, type OwnedRow, type OwnsOptions } from '../../kernel/operation/access/owned-row.ts'
import type { User } from '../../kernel/operation/caller.ts'
import type { RawQueryable } from './list.ts'

/** The fields of a row that contain any text. */
type TextField<Row> = {
  [Name in keyof Row & string]: string extends Row[Name] ? Name : never
}[keyof Row & string]

/** Options of {@link owns}. The fields are those of the model. */
export interface PrismaOwnsOptions<Row extends object, Field extends string> extends OwnsOptions<Field> {
  /** The field with the id of the owner. */
  readonly owner: TextField<Row>
  /** The field with the id of the row; it must be unique. Default `'id'`. */
  readonly id?: keyof Row & string
  /** The field with the tenant, which must be the caller's. Default: not checked. */
  readonly tenant?: TextField<Row>
  /**
   * The name of the table in which a mutation locks the row: `'orders'`, `'sales.orders'`. Set it
   * if the model has `@@map` or `@@schema`. Default: the name of the model, with a capital letter.
   */
  readonly table?: string
  /**
   * The columns of fields with `@map`: `{ customerId: 'customer_id' }`. Default: the columns have
   * the names of the fields.
   */
  readonly columns?: { readonly [Name in keyof Row & string]?: string }
}

/** The condition of {@link owns} for the `where` of the model's methods. */
export type PrismaOwned<Row> = { readonly [Name in TextField<Row>]?: string | { in: string[] } }

/**
 * Returns an access rule that admits the owner of a row: a user whose id is in the field `owner`.
 * The row, with all fields of the model, is `context.row`. The rule's `where` selects the caller's
 * rows in a list. Prisma's methods cannot lock a row, so in a mutation the rule locks it with a
 * statement of SQL before it reads it.
 *
 * @param model the name of the model, as in `db.order`.
 *
 * @example
 * ```ts
 * import { owns } from 'holdfast/prisma'
 *
 * interface Order {
 *   readonly id: number
 *   readonly customer: string
 * }
 *
 * const ownOrder = owns<Order>('order', { owner: 'customer', table: 'orders' })
 * ```
 */
export function owns<Row extends object, const Field extends string = 'id'>(
  model: string,
  options: PrismaOwnsOptions<Row, Field>,
): OwnedRow<Row, { readonly [F in Field]: string | number | bigint }, PrismaOwned<Row>> {
  const { owner, id = 'id', tenant } = options
  const isOfTenant = ({ tenant: own }: User): object =>
    // No value of a field that cannot be null matches an empty list.
    tenant === undefined ? {} : { [tenant]: own ?? { in: [] } }
  const where = (caller: User): PrismaOwned<Row> =>
    ({ [owner]: caller.id, ...isOfTenant(caller) }) as PrismaOwned<Row>
  const { table, column } = namesOf(model, options)
  const lock = (key: Key, caller: User, ownedOnly: boolean): Sql => sql`
    select 1 as locked from ${table} where ${column(id)} = ${key}
    ${ownedOnly ? sql`and ${column(owner)} = ${caller.id}` : empty}
    ${tenant === undefined ? empty : sql`and ${column(tenant)} = ${caller.tenant ?? null}`}
    for update`
  return createOwnedRow<Row, Key, PrismaOwned<Row>, Field>(
    {
      name: `owns(${model})`,
      async find({ key, caller, db, locks }, ownedOnly) {
        if (locks) {
          const locked = (await (db as RawQueryable).$queryRaw(lock(key, caller, ownedOnly))) as object[]
          if (locked.length === 0) return undefined
        }
        const condition = { ...(ownedOnly ? where(caller) : isOfTenant(caller)), [id]: key }
        const found = await (db as Readonly<Record<string, Model<Row>>>)[model]!.findFirst({
          where: condition,
        })
        return found ?? undefined
      },
      isOwned: (row, caller) => String((row as Readonly<Record<string, unknown>>)[owner]) === caller.id,
      where,
    },
    options,
  )
}

type Key = string | number | bigint

/** The part of a model of a Prisma client that the rule uses. */
interface Model<Row> {
  findFirst(args: object): PromiseLike<Row | null>
}

function namesOf(
  model: string,
  { table, columns = {} }: { readonly table?: string; readonly columns?: object },
): { readonly table: Sql; readonly column: (field: string) => Sql } {
  const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`
  const ofModel = `${model.slice(0, 1).toUpperCase()}${model.slice(1)}`
  return {
    table: raw((table ?? ofModel).split('.').map(quoted).join('.')),
    column: (field) => raw(quoted((columns as Readonly<Record<string, string>>)[field] ?? field)),
  }
}
