import { HoldfastError } from '../../../kernel/base/holdfast-error.ts'
import { isUuid } from '../../../kernel/base/is-uuid.ts'

/** Throws if the id is not a UUID, since the error of Postgres would be less clear. */
export function checkJobId(id: string): void {
  if (isUuid(id)) return
  throw new HoldfastError(
    'job-id-invalid',
    `${JSON.stringify(id)} is not the id of a job. Give the whole of it, a UUID, as the list of jobs has it.`,
  )
}

/** Returns the error for an id that no job has. */
export function jobUnknown(id: string): HoldfastError {
  return new HoldfastError(
    'job-unknown',
    `There is no job ${id} on this database. It may have been deleted: what has ended is kept for a while only.`,
  )
}
