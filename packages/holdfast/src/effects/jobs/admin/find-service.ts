import { HoldfastError } from '../../../kernel/base/holdfast-error.ts'
import { runStatement, type StatementClient } from '../../../storage/postgres/statement/statement-client.ts'
import { findServiceRows } from './queries/find-services.ts'

/** Selects the service that owns the jobs with a given name. */
export interface JobsOf {
  /**
   * The name of the service. Default: the service that declares the job name, or the only service
   * on the database.
   */
  readonly service?: string
}

/**
 * Returns the service for a job name.
 *
 * @throws HoldfastError `job-service-ambiguous` if no service is given and it cannot be inferred:
 * several services declare the name, or no service does.
 */
export async function findService(
  client: StatementClient,
  name: string,
  { service }: JobsOf,
): Promise<string> {
  if (service !== undefined) return service
  const rows = await runStatement<{ service: string; has_name: boolean }>(client, findServiceRows(name))
  const owners = rows.filter(({ has_name: hasName }) => hasName)
  const [only, ...others] = owners.length > 0 ? owners : rows
  if (only && others.length === 0) return only.service
  const known = (owners.length > 0 ? owners : rows).map((row) => row.service)
  throw new HoldfastError(
    'job-service-ambiguous',
    known.length === 0
      ? `No service on this database has jobs, so the service of "${name}" is unknown. Pass the service.`
      : `${owners.length > 0 ? 'Several services on this database declare' : 'No service on this database declares'} jobs named "${name}". Pass the service, one of: ${known.join(', ')}.`,
  )
}
