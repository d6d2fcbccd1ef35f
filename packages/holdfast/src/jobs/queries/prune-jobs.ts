import type { Statement } from '../../postgres/statement.ts'

/** A batch of ended jobs that have been kept long enough. */
export interface PruneBatch {
  readonly service: string
  /** When the last job expired that was pruned before: a scan from there does not read what earlier ones left behind. */
  readonly after: Date | undefined
  readonly limit: number
}

/** The outcome of {@link pruneJobs}. */
export interface PrunedRow {
  readonly count: number
  /** When the last one expired; `null` if there was none. */
  readonly last: Date | null
  /** The places of dead jobs among them, which are to be released. */
  readonly places: readonly { readonly name: string; readonly key: string }[]
}

/** Deletes a batch of the ended jobs of a service that have expired, and their steps, leaving out those that another process deletes. */
export function pruneJobs({ service, after, limit }: PruneBatch): Statement {
  return {
    name: 'holdfast_prune_jobs',
    text: `
      with due as materialized (
        select id, expires_at from holdfast.ended_jobs
        where service = $1 and expires_at >= $2 and expires_at < now()
        order by expires_at
        limit $3
        for update skip locked
      ), gone as (
        delete from holdfast.ended_jobs using due where ended_jobs.id = due.id 
        returning ended_jobs.id, ended_jobs.expires_at, ended_jobs.name, ended_jobs.limit_key, ended_jobs.has_place
      ), steps as (
        delete from holdfast.job_steps where job_id in (select id from gone)
      )
      select count(*)::int as count, max(expires_at) as last,
        coalesce(
          json_agg(json_build_object('name', name, 'key', limit_key) order by name, limit_key) filter (where has_place), '[]'
        ) as places
      from gone`,
    values: [service, after ?? '-infinity', limit],
  }
}
