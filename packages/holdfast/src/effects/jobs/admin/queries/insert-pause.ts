import type { Statement } from '../../../../storage/postgres/statement/statement.ts'
import { countPending } from './count-pending.ts'

/** Pauses the jobs of a name. If they are already paused, the original pause time is kept. */
export function insertPause(service: string, name: string): Statement {
  return {
    text: `
      insert into holdfast.job_pauses as pauses (service, name) values ($1, $2)
      on conflict (service, name) do update set paused_at = pauses.paused_at
      returning pauses.service, pauses.name, pauses.paused_at as "pausedAt", ${countPending}`,
    values: [service, name],
  }
}
