import { HoldfastError } from '../../kernel/base/holdfast-error.ts'

/** Options of {@link tenantPolicies}. */
export interface TenantPoliciesOptions {
  /** The name of the column with the tenant. Default `'tenant'`. */
  readonly column?: string
  /** The type of the column: `'uuid'`. Default `'text'`. */
  readonly type?: string
  /**
   * True if identifiers and access rules may read the rows of all tenants, for example of a table
   * of sessions or members, from which they determine the tenant. Handlers still see only the rows
   * of the tenant. Default false.
   */
  readonly isReadAtAdmission?: boolean
}

/**
 * Returns the SQL of a migration that limits every statement on a table to the rows of the caller's
 * tenant. `npx holdfast tenants policies` writes it to a file.
 *
 * @param table the name of the table, if necessary with its schema: `'orders'`, `'shop.orders'`.
 *
 * @throws HoldfastError `configuration-invalid` for a name or a type that is not a plain SQL name.
 *
 * @example
 * ```ts
 * const sql = tenantPolicies('orders')
 * ```
 */
export function tenantPolicies(
  table: string,
  { column = 'tenant', type = 'text', isReadAtAdmission = false }: TenantPoliciesOptions = {},
): string {
  requireName('table', table)
  requireName('column', column)
  requireName('type', type)
  const setting = `nullif(current_setting('holdfast.tenant', true), '')`
  const current = type === 'text' ? setting : `${setting}::${type}`
  // In a subquery, the setting is read once per statement instead of once per row.
  const isOwn = `${column} = (select ${current})`
  return `-- Only rows of the caller's tenant are visible, and only such rows can be written. Without a
-- tenant, there are no rows. Every statement has the condition ${column} = …: begin the
-- indexes of the table with ${column}.
alter table ${table} alter column ${column} set default ${current};
alter table ${table} enable row level security;
alter table ${table} force row level security;
create policy tenant_rows on ${table}
  using (${isOwn})
  with check (${isOwn});
${isReadAtAdmission ? admissionPolicy(table) : ''}`
}

function admissionPolicy(table: string): string {
  return `
-- Identifiers and access rules read the rows of all tenants, because the tenant is known only
-- afterwards.
create policy admission_rows on ${table} for select
  using ((select current_setting('holdfast.admission', true)) = 'on');
`
}

/**
 * Rejects any text that is not a plain SQL name, because names cannot be parameters of a statement.
 */
function requireName(what: string, name: string): void {
  if (/^[a-z_][\w$]*(?:\.[a-z_][\w$]*)?$/i.test(name)) return
  throw new HoldfastError(
    'configuration-invalid',
    `The ${what} ${JSON.stringify(name)} is not a plain SQL name: letters, digits and underscores, if necessary with a schema. For other names, copy the policies of another table and change the name.`,
  )
}
