import type { Statement } from '../../../../storage/postgres/statement/statement.ts'

/** Lists the paused job names. */
export function listPauseRows(): Statement {
  return {
    text: `
      select pauses.service, pauses.name, pauses.paused_at as "pausedAt", ${countPending}
      from holdfast.job_pauses as pauses
      order by pauses.service, pauses.name`,
  }
}

/**
 * Pauses the jobs with the given name. If they are already paused, the original pause time is kept.
 */
export function insertPause(service: string, name: string): Statement {
  return {
    text: `
      insert into holdfast.job_pauses as pauses (service, name) values ($1, $2)
      on conflict (service, name) do update set paused_at = pauses.paused_at
      returning pauses.service, pauses.name, pauses.paused_at as "pausedAt", ${countPending}`,
    values: [service, name],
  }
}

/** Deletes the pause of a job name. Returns a row if the name was paused. */
export function deletePause(service: string, name: string): Statement {
  return {
    text: 'delete from holdfast.job_pauses where service = $1 and name = $2 returning name',
    values: [service, name],
  }
}

/** SQL that counts the jobs with a paused name that have not ended. */
const countPending = `
        (
          select count(*) from holdfast.jobs where jobs.service = pauses.service and jobs.name = pauses.name
        )::double precision as jobs`
