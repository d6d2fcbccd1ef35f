import { HoldfastError } from '../../kernel/holdfast-error.ts'
import { runStatement, type StatementClient } from '../../postgres/statement-client.ts'
import { redriveDead, type RedrivenRow } from './queries/redrive-jobs.ts'
import { orUniqueTaken } from './unique-taken.ts'

/** Options of {@link redriveJobs}. */
export interface RedriveOptions {
  /** How many at most, 1 to 10,000. Default 1,000. */
  readonly limit?: number
}

/** What has been redriven. */
export interface RedrivenJobs {
  readonly name: string
  /** The oldest first. */
  readonly ids: readonly string[]
  /** How many of the name are still dead: beyond the limit, or since another job has their unique key. */
  readonly left: number
}

const mostRedriven = 10_000

/**
 * Has the dead jobs of a name begin anew, the oldest first, with all of their tries before them. Steps that are done stay so, and limits hold.
 *
 * @throws HoldfastError `job-list-invalid` where the limit is none, or `job-unique-taken`.
 */
export async function redriveJobs(
  client: StatementClient,
  name: string,
  { limit = 1_000 }: RedriveOptions = {},
): Promise<RedrivenJobs> {
  if (!Number.isInteger(limit) || limit < 1 || limit > mostRedriven) {
    throw new HoldfastError(
      'job-list-invalid',
      `Jobs were to be redriven with the limit ${limit}; it has to be a whole number from 1 to ${mostRedriven}.`,
    )
  }
  const [row] = await orUniqueTaken(`One of the jobs "${name}"`, () =>
    runStatement<RedrivenRow>(client, redriveDead(name, limit)),
  )
  return { name, ids: row?.ids ?? [], left: row?.left ?? 0 }
}
