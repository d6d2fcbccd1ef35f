import type { Statement } from '../../postgres/statement.ts'

/** Deletes a batch of the jobs that have been kept long enough, leaving out those that another process deletes. */
export function pruneJobs(batch: number): Statement {
  return {
    name: 'holdfast_prune_jobs',
    text: `
      delete from holdfast.jobs
      where id = any (array(
        select id from holdfast.jobs where expires_at < now() order by expires_at limit $1 for update skip locked
      ))`,
    values: [batch],
  }
}
