import type { Statement } from '../../postgres/statement.ts'

/** A schedule, as it stands. */
export interface ScheduleRow {
  /** Up to when its ticks have been dealt with. */
  readonly done_until: Date
  readonly now: Date
}

/** Makes a schedule known, from now on, or anew where its times have changed. */
export function registerSchedule(name: string, cron: string, timeZone: string): Statement {
  return {
    name: 'holdfast_register_schedule',
    text: `
      insert into holdfast.job_schedules as known (name, cron, time_zone, done_until)
      values ($1, $2, $3, now())
      on conflict (name) do update
      set cron = excluded.cron, time_zone = excluded.time_zone, done_until = now()
      where known.cron <> excluded.cron or known.time_zone <> excluded.time_zone`,
    values: [name, cron, timeZone],
  }
}

/** Takes a schedule, for one process at a time: gives no row where another has it. */
export function takeSchedule(name: string): Statement {
  return {
    name: 'holdfast_take_schedule',
    text: 'select done_until, now() as now from holdfast.job_schedules where name = $1 for update skip locked',
    values: [name],
  }
}

/**
 * Notes up to when the ticks of a schedule have been dealt with. Where the clock was put back, that stays, or ticks would come twice; but where it was
 * more than an hour ahead, the schedule goes on by the time that it is now, or nothing would come until then.
 */
export function advanceSchedule(name: string, doneUntil: Date): Statement {
  return {
    name: 'holdfast_advance_schedule',
    text: `
      update holdfast.job_schedules set done_until = $2
      where name = $1 and done_until not between $2 and $2::timestamptz + interval '1 hour'`,
    values: [name, doneUntil],
  }
}
