import type { Statement } from '../../postgres/statement.ts'

/** Deletes a batch of the keys that are older than the retention, leaving out those that another process deletes. */
export function pruneKeys(retentionMs: number, batch: number): Statement {
  return {
    name: 'holdfast_prune_keys',
    text: `
      delete from holdfast.idempotency_keys
      where ctid = any (array(
        select ctid from holdfast.idempotency_keys
        where created_at < now() - make_interval(secs => $1::double precision / 1000)
        limit $2
        for update skip locked
      ))`,
    values: [retentionMs, batch],
  }
}
