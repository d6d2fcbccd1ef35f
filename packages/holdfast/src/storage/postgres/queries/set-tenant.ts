import type { Statement } from '../statement/statement.ts'

/** The setting that names the tenant whose rows a transaction may read and write. */
const tenantSetting = 'holdfast.tenant'

/** The setting that is `on` while identifiers and access rules read. */
const admissionSetting = 'holdfast.admission'

const tenantText = { name: 'holdfast_set_tenant', text: `select set_config('${tenantSetting}', $1, true)` }

const admissionText = {
  name: 'holdfast_set_admission',
  text: `select set_config('${tenantSetting}', $1, true), set_config('${admissionSetting}', 'on', true)`,
}

/**
 * Returns a statement that sets the tenant of the current transaction; `undefined` if there is no
 * tenant. The setting ends with the transaction. Without it, the policies of tables with tenants
 * show no rows.
 */
export function setTenant(tenant: string | undefined): Statement | undefined {
  return tenant === undefined ? undefined : { ...tenantText, values: [tenant] }
}

/**
 * Returns a statement for the transaction in which an identifier or an access rule reads. Policies
 * of tables that identify callers may show this transaction the rows of all tenants, because the
 * tenant is not known yet.
 */
export function setAdmission(tenant: string | undefined): Statement {
  return { ...admissionText, values: [tenant ?? ''] }
}
