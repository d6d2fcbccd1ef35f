import type { Statement } from '../../../../storage/postgres/statement/statement.ts'

/** Finds the services that declare jobs, and whether each of them declares the given job name. */
export function findServiceRows(name: string): Statement {
  return {
    text: `
      select service, bool_or(name = $1) as has_name from holdfast.job_names
      group by service order by service`,
    values: [name],
  }
}
