import { HoldfastError } from '../../kernel/base/holdfast-error.ts'

/** Options of tenants, whose rows policies separate. */
export interface TenantOptions {
  /**
   * The name of the column that contains a row's tenant, such as `'tenant'`. The service starts
   * only if every table with this column has policies that limit each statement to the rows of the
   * caller's tenant.
   */
  readonly column: string
  /**
   * The tables with this column that have no policies, with their schema: `'public.audit'`. Every
   * caller can read and change all rows of these tables. Default: none.
   */
  readonly exempt?: readonly string[]
}

/** The options of tenants. */
export interface TenantsOptions {
  /**
   * Passes the tenant of the caller to Postgres, so that policies limit each statement to the rows
   * of that tenant. Default: the database does not know the tenant of the caller.
   */
  readonly tenants?: TenantOptions
}

/**
 * Throws if the options of tenants are invalid.
 *
 * @throws HoldfastError `configuration-invalid`.
 */
export function requireTenantOptions({ tenants }: TenantsOptions): void {
  if (!tenants) return
  if (typeof tenants.column === 'string' && tenants.column !== '') return
  throw new HoldfastError(
    'configuration-invalid',
    'The option `tenants` of the database needs the name of the column with the tenant of a row: tenants: { column: "tenant" }.',
  )
}
