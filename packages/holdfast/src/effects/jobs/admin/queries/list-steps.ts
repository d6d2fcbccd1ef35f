import type { Statement } from '../../../../storage/postgres/statement/statement.ts'

/**
 * Lists the steps of a job in the order in which they started, each with the message it waits for.
 */
export function listStepRows(job: string): Statement {
  return {
    text: `
      select steps.name, steps.is_done as "isDone", steps.result, nullif(steps.wakes_at, 'infinity') as "wakesAt",
        steps.created_at as "createdAt",
        case when waits.event is not null then json_build_object('event', waits.event, 'key', waits.key) end as awaits
      from holdfast.job_steps as steps
      left join holdfast.job_waits as waits on waits.job_id = steps.job_id and waits.step = steps.name
      where steps.job_id = $1
      order by steps.created_at, steps.name`,
    values: [job],
  }
}
