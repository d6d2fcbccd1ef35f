import type { Statement } from '../../../postgres/statement.ts'
import { countPending } from './count-pending.ts'

/** Pauses the jobs of a name, or leaves them paused. */
export function insertPause(name: string): Statement {
  return {
    text: `
      insert into holdfast.job_pauses as pauses (name) values ($1)
      on conflict (name) do update set paused_at = pauses.paused_at
      returning pauses.name, pauses.paused_at as "pausedAt", ${countPending}`,
    values: [name],
  }
}
