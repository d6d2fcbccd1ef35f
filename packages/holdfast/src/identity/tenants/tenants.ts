import { limitedWork } from '../../kernel/host/work.ts'
import type { CapabilityHost, DatabaseCapability } from '../../storage/capability/database-capability.ts'
import { withConnection } from '../../storage/postgres/pool/with-connection.ts'
import { findGaps, type TenantGaps } from './queries/find-gaps.ts'
import { requireIsolation } from './require-isolation.ts'
import { requireTenantOptions, type TenantsOptions } from './tenant-options.ts'

/** The parts of an open database that tenants need. */
export interface TenantsHost extends CapabilityHost {
  readonly options: TenantsOptions
}

const limitMs = 30_000

/** Requires, when a service starts, that policies separate the rows of its tenants. */
export const tenantsCapability: DatabaseCapability<TenantsHost, TenantsOptions> = {
  requireOptions: requireTenantOptions,
  async open({ pools, options: { tenants } }) {
    if (!tenants) return {}
    const { rows } = await withConnection(pools.write, limitedWork(limitMs), (connection) =>
      connection.run<{ gaps: TenantGaps }>(findGaps(tenants)),
    )
    requireIsolation(rows[0]!.gaps, tenants)
    return {}
  },
}
