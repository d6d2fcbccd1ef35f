import type { Statement } from '../../../storage/postgres/statement/statement.ts'

/** The outcome of {@link deleteOrphans}. */
export interface OrphansRow {
  /** Number of subjects read. */
  readonly seen: number
  /** Number of subjects deleted. */
  readonly deleted: number
  /** The id that the next page starts after; `null` if the page was empty. */
  readonly last: string | null
}

/**
 * Reads a page of subjects in the order of their ids, and deletes the subjects whose row no longer
 * exists. All tables are read in one snapshot, so a job that is being archived is always found in
 * one of them.
 *
 * OFFSET 0 keeps the planner from hashing whole tables: each id is looked up in an index.
 */
export function deleteOrphans(after: string, limit: number): Statement {
  return {
    name: 'holdfast_delete_orphaned_subjects',
    text: `
      with page as materialized (
        select kind, id from holdfast.subjects where id > $1 order by id limit $2
      ), orphans as materialized (
        select distinct page.kind, page.id from page
        ${lookUp('job', 'jobs')}
        ${lookUp('job', 'ended_jobs')}
        ${lookUp('message', 'messages')}
        ${lookUp('webhook', 'webhook_messages')}
        where coalesce(jobs.found, ended_jobs.found, messages.found, webhook_messages.found) is null
      ), deleted as (
        delete from holdfast.subjects
        where id = any (array(select id from orphans)) and (kind, id) in (select kind, id from orphans)
        returning 1
      )
      select
        (select count(*)::int from page) as seen,
        (select count(*)::int from deleted) as deleted,
        (select id from page order by id desc limit 1) as last`,
    values: [after, limit],
  }
}

function lookUp(kind: string, table: string): string {
  return `left join lateral (
          select true as found from holdfast.${table} where page.kind = '${kind}' and ${table}.id = page.id offset 0
        ) as ${table} on true`
}
