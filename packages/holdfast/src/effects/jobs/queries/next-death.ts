import type { Statement } from '../../../storage/postgres/statement/statement.ts'
import type { Lease } from './rescue-jobs.ts'

/**
 * Returns the time until the first lease of another worker of the service ends if it sends no
 * further heartbeat, in milliseconds; `null` if there is no other worker.
 */
export function nextDeath({ service, leaseMs, self }: Lease): Statement {
  return {
    name: 'holdfast_next_death',
    text: `
      select $1 - extract(epoch from clock_timestamp() - min(last_at))::double precision * 1000 as next_ms
      from (
        select greatest(started_at, (select max(at) from holdfast.job_heartbeats where worker = job_workers.id)) as last_at
        from holdfast.job_workers where service = $3 and id <> $2
      ) as workers`,
    values: [leaseMs, self, service],
  }
}
