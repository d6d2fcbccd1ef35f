import { HoldfastError } from '../../../kernel/base/holdfast-error.ts'
import { isUuid } from '../../../kernel/base/uuid.ts'

/** Throws if the id is not a UUID, because Postgres's own error would be less clear. */
export function checkJobId(id: string): void {
  if (isUuid(id)) return
  throw new HoldfastError(
    'job-id-invalid',
    `${JSON.stringify(id)} is not a job id. Pass the full UUID, as shown by \`jobs list\`.`,
  )
}

/** Returns the error for an unknown job id. */
export function jobUnknown(id: string): HoldfastError {
  return new HoldfastError(
    'job-unknown',
    `Job ${id} not found on this database. It may have been deleted: ended jobs are kept for a limited time.`,
  )
}

/**
 * Returns the error for an invalid option of a list of jobs. `what` describes the option, and
 * `wanted` a valid value.
 */
export function jobListInvalid(what: string, wanted: string): HoldfastError {
  return new HoldfastError('job-list-invalid', `Jobs were requested with ${what}; it must be ${wanted}.`)
}
