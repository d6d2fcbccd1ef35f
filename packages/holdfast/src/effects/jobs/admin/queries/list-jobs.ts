import type { Statement } from '../../../../storage/postgres/statement/statement.ts'
import { jobColumns } from './job-columns.ts'

/** Filters for a list of jobs; `null` disables a filter. */
export interface JobFilters {
  readonly service: string | null
  readonly name: string | null
  readonly states: readonly string[] | null
  readonly after: string | null
  readonly limit: number
}

/** Lists jobs, newest first: ordered by id, since ids begin with the time. */
export function listJobRows({ service, name, states, after, limit }: JobFilters): Statement {
  return {
    text: `
      select ${jobColumns}
      from holdfast.all_jobs as jobs
      where ($1::text is null or name = $1)
        and ($2::text[] is null or state = any ($2))
        and ($3::uuid is null or id < $3)
        and ($5::text is null or service = $5)
      order by id desc
      limit $4`,
    values: [name, states, after, limit, service],
  }
}
