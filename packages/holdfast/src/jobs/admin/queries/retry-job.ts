import type { Statement } from '../../../postgres/statement.ts'
import type { JobState } from '../stored-job.ts'
import { putBack } from './put-back.ts'

/** What {@link retryJobNow} finds. */
export interface RetriedRow {
  readonly name: string
  /** As it was before. */
  readonly state: string
  /** As it is now; `null` where it is left as it was. */
  readonly new_state: JobState | null
}

/** Has a dead or a scheduled job run now. One that is scheduled by its rate limit keeps its turn. */
export function retryJobNow(id: string): Statement {
  return {
    text: `
      with found as materialized (
        select id, name, state, has_turn from holdfast.jobs where id = $1 for update
      ), retried as (
        update holdfast.jobs set ${putBack}
        from found
        where jobs.id = found.id and (found.state = 'dead' or (found.state = 'scheduled' and not found.has_turn))
        returning jobs.state as new_state
      )
      select found.name, found.state, (select new_state from retried) from found`,
    values: [id],
  }
}
