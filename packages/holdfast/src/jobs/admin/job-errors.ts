import { HoldfastError } from '../../kernel/holdfast-error.ts'

/** Refuses what is no id, before Postgres does with less to say. */
export function checkJobId(id: string): void {
  if (/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)) return
  throw new HoldfastError(
    'job-id-invalid',
    `${JSON.stringify(id)} is not the id of a job. Give the whole of it, a UUID, as the list of jobs has it.`,
  )
}

/** No job has the id. */
export function jobUnknown(id: string): HoldfastError {
  return new HoldfastError(
    'job-unknown',
    `There is no job ${id} on this database. It may have been deleted: what has ended is kept for a while only.`,
  )
}
