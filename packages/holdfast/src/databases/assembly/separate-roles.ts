import type { DatabaseHost } from '../../kernel/service/database.ts'
import type { TenantsOptions } from '../../identity/tenants/tenant-options.ts'
import { createApplicationRole, urlOfApplication } from '../../storage/roles/application-role.ts'
import type { Location } from './location.ts'

/**
 * Returns the location with a separate role for the service, if the database has tenants and its
 * server is the embedded server or a test server. Their URLs contain a superuser, to whom no policy
 * applies; the superuser still applies the migrations. In production, the URLs name both roles.
 */
export async function separateRoles(
  location: Location,
  { tenants }: TenantsOptions,
  { mode }: Pick<DatabaseHost, 'mode'>,
): Promise<Location> {
  const { connectionString, directConnectionString, ownerConnectionString, replicas } = location
  const hasOwnServer = mode === 'test' || location.isEmbedded
  if (!tenants || !hasOwnServer || ownerConnectionString !== undefined) return location
  const roles = await createApplicationRole(directConnectionString ?? connectionString)
  if (!roles) return location
  return {
    ...location,
    connectionString: urlOfApplication(connectionString).href,
    directConnectionString: directConnectionString && roles.applicationUrl,
    ownerConnectionString: roles.ownerUrl,
    replicas: replicas.map((replica) => urlOfApplication(replica).href),
  }
}
