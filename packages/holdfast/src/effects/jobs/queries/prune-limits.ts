import type { Statement } from '../../../storage/postgres/statement/statement.ts'

/**
 * Deletes a batch of idle limits, of which there is one per key ever used: no job has a slot, and
 * the next job may start. A process that waits for the lock of a deleted limit inserts it again.
 */
export function pruneLimits(service: string, batch: number): Statement {
  return {
    name: 'holdfast_prune_limits',
    text: `
      with idle as materialized (
        select name, kind, key from holdfast.job_limits
        where service = $2 and slots = 0 and next_at < now() - interval '1 minute'
        limit $1
        for update skip locked
      )
      delete from holdfast.job_limits as limits using idle
      where limits.service = $2 and limits.name = idle.name and limits.kind = idle.kind and limits.key = idle.key`,
    values: [batch, service],
  }
}
