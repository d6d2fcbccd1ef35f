import type { Statement } from '../../../postgres/statement.ts'
import { countPending } from './count-pending.ts'

/** The names that are paused. */
export function listPauseRows(): Statement {
  return {
    text: `
      select pauses.name, pauses.paused_at as "pausedAt", ${countPending}
      from holdfast.job_pauses as pauses
      order by pauses.name`,
  }
}
