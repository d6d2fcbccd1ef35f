import type { Statement } from '../../postgres/statement.ts'

/** Messages that nobody has heard of. */
export interface UnheardRow {
  /** How many have waited for a minute, counted up to a thousand. */
  readonly waiting: number
  /** Whether any process has worked on messages within the last minute. */
  readonly has_worker: boolean
}

/** Finds messages that wait to be handed out, and whether there is somebody who does that. */
export function findUnheard(): Statement {
  return {
    name: 'holdfast_find_unheard',
    text: `
      select
        (
          select count(*)::integer from (
            select from holdfast.messages
            where position is null and published_at < now() - interval '1 minute'
            limit 1000
          ) as unheard
        ) as waiting,
        exists (
          select from holdfast.job_workers where started_at > now() - interval '1 minute'
        ) or exists (
          select from holdfast.job_beats where at > now() - interval '1 minute'
        ) as has_worker`,
  }
}
