// How a job leaves the table of those that have not ended. One statement does it, whatever ended the job:
//
//   delete from holdfast.jobs … returning jobs.*   ─▶   insert into holdfast.ended_jobs
//
// So a job is in one of the two tables at any time, and a claim passes over nothing that has ended.

/** The columns that a job takes with it, in the order of {@link archive}. */
const columns = `
          id, service, name, seq, input, priority, run_at, claim, snoozes, unique_key, keeps_key, limit_key, rate_key, share_key,
          progress, traceparent, enqueued_at, claimed_at`

/** SQL expressions over the deleted row. */
export interface Archived {
  /** `'succeeded'`, `'dead'` or `'cancelled'`. */
  readonly state: string
  /** How long the job is kept, in milliseconds. */
  readonly retentionMs: string
  /** Default: unchanged. */
  readonly failures?: string
  /** Default: unchanged. */
  readonly failure?: string
  /** Whether it keeps its place of its concurrency key. Default: it does not. */
  readonly hasPlace?: string
}

/**
 * Returns two common table expressions that archive the deleted rows of `gone`, which has all columns of
 * `holdfast.jobs`, and end their waiting for messages.
 */
export function archive({
  state,
  retentionMs,
  failures = 'failures',
  failure = 'failure',
  hasPlace = 'false',
}: Archived): string {
  return `archived as (
        insert into holdfast.ended_jobs (${columns}, state, is_cancelled, failures, failure, has_place, expires_at)
        select ${columns}, ${state}, is_cancelled or ${state} = 'cancelled', ${failures}, ${failure}, ${hasPlace},
          now() + make_interval(secs => ${retentionMs}::double precision / 1000)
        from gone
      ), unawaited as (
        -- In its first run, a job cannot have waited yet.
        delete from holdfast.job_waits where job_id in (select id from gone where claim <> 1)
      )`
}

/** Returns a common table expression that moves the ended jobs of `chosen`, which has their ids, back; `set` has the new values. */
export function unarchive(set: Readonly<Record<'state' | 'failures' | 'snoozes', string>>): string {
  return `gone as materialized (
        delete from holdfast.ended_jobs as ended using chosen where ended.id = chosen.id
        returning ended.*
      ), returned as (
        insert into holdfast.jobs (
          id, service, name, input, priority, claim, unique_key, keeps_key, holds_key, limit_key, has_place, rate_key,
          share_key, progress, failure, traceparent, enqueued_at, claimed_at, state, failures, snoozes
        )
        select
          id, service, name, input, priority, claim, unique_key, keeps_key, keeps_key, limit_key, has_place, rate_key,
          share_key, progress, failure, traceparent, enqueued_at, claimed_at, ${set.state}, ${set.failures}, ${set.snoozes}
        from (select * from gone order by seq) as ordered
        returning id, name, seq, state
      )`
}
