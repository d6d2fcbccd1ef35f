import type { Statement } from '../../../storage/postgres/statement/statement.ts'

/** The state of undispatched messages. */
export interface UndispatchedRow {
  /** Number of messages that have been waiting for over a minute. Capped at 1,000. */
  readonly waiting: number
  /** True if a worker has been running within the last minute. */
  readonly has_worker: boolean
}

/** Counts messages waiting to be dispatched, and reads whether a worker is running. */
export function findUndispatched(): Statement {
  return {
    name: 'holdfast_find_undispatched',
    text: `
      select
        (
          select count(*)::integer from (
            select from holdfast.messages
            where position is null and published_at < now() - interval '1 minute'
            order by seq
            limit 1000
          ) as undispatched
        ) as waiting,
        exists (
          select from holdfast.job_workers where started_at > now() - interval '1 minute'
        ) or exists (
          select from holdfast.job_heartbeats where at > now() - interval '1 minute'
        ) as has_worker`,
  }
}
