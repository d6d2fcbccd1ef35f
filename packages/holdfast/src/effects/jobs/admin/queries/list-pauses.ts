import type { Statement } from '../../../../storage/postgres/statement/statement.ts'
import { countPending } from './count-pending.ts'

/** Lists the paused job names. */
export function listPauseRows(): Statement {
  return {
    text: `
      select pauses.service, pauses.name, pauses.paused_at as "pausedAt", ${countPending}
      from holdfast.job_pauses as pauses
      order by pauses.service, pauses.name`,
  }
}
