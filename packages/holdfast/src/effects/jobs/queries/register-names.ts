import type { Statement } from '../../../storage/postgres/statement/statement.ts'

/** Registers the job names of a service. */
export function registerNames(service: string, names: readonly string[]): Statement {
  return {
    name: 'holdfast_register_job_names',
    text: `
      insert into holdfast.job_names (service, name)
      select $1, name from unnest($2::text[]) as name order by name
      on conflict do nothing`,
    values: [service, names],
  }
}
