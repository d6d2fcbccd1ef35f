import type { Statement } from '../../../../storage/postgres/statement/statement.ts'

/** Deletes the pause of a job name. Returns a row if there was one. */
export function deletePause(service: string, name: string): Statement {
  return {
    text: 'delete from holdfast.job_pauses where service = $1 and name = $2 returning name',
    values: [service, name],
  }
}
