import type { Schedule } from '../../kernel/schedule.ts'
import type { Statement } from '../../postgres/statement.ts'

/** A schedule, as it stands. */
export interface ScheduleRow {
  /** Up to when its ticks have been dealt with. */
  readonly done_until: Date
  readonly now: Date
}

/** A schedule as it is registered. */
export type RegisteredSchedule = Pick<Schedule, 'name' | 'cron' | 'timeZone'>

/** Registers a schedule, from now on; again if its times have changed. */
export function registerSchedule(service: string, { name, cron, timeZone }: RegisteredSchedule): Statement {
  return {
    name: 'holdfast_register_schedule',
    text: `
      insert into holdfast.job_schedules as known (service, name, cron, time_zone, done_until)
      values ($4, $1, $2, $3, now())
      on conflict (service, name) do update
      set cron = excluded.cron, time_zone = excluded.time_zone, done_until = now()
      where known.cron <> excluded.cron or known.time_zone <> excluded.time_zone`,
    values: [name, cron, timeZone, service],
  }
}

/** Locks a schedule. Returns no row if another process has it. */
export function takeSchedule(service: string, name: string): Statement {
  return {
    name: 'holdfast_take_schedule',
    text: `
      select done_until, now() as now from holdfast.job_schedules
      where service = $2 and name = $1 for update skip locked`,
    values: [name, service],
  }
}

/** A schedule whose ticks have been enqueued up to `doneUntil`. */
export interface AdvancedSchedule {
  readonly service: string
  readonly name: string
  readonly doneUntil: Date
}

/**
 * Stores up to when the ticks of a schedule have been enqueued. If the clock was put back, that stays, or ticks would
 * come twice; if it was more than an hour ahead, the schedule goes on from now, or no tick would come until then.
 */
export function advanceSchedule({ service, name, doneUntil }: AdvancedSchedule): Statement {
  return {
    name: 'holdfast_advance_schedule',
    text: `
      update holdfast.job_schedules set done_until = $2
      where service = $3 and name = $1 and done_until not between $2 and $2::timestamptz + interval '1 hour'`,
    values: [name, doneUntil, service],
  }
}
