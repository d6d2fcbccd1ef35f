import type { Schedule } from '../../../kernel/background/schedule.ts'
import type { Statement } from '../../../storage/postgres/statement/statement.ts'

/** The current state of a schedule. */
export interface ScheduleRow {
  /** The time up to which ticks have been handled. */
  readonly done_until: Date
  readonly now: Date
}

/** The registered fields of a schedule. */
export type RegisteredSchedule = Pick<Schedule, 'name' | 'cron' | 'timeZone'>

/**
 * Registers a schedule that starts now. If the times of a registered schedule have changed, it
 * starts again now.
 */
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

/** Locks a schedule. Returns no row if another process has locked it. */
export function takeSchedule(service: string, name: string): Statement {
  return {
    name: 'holdfast_take_schedule',
    text: `
      select done_until, now() as now from holdfast.job_schedules
      where service = $2 and name = $1 for update skip locked`,
    values: [name, service],
  }
}

/** A schedule whose ticks are enqueued up to `doneUntil`. */
export interface AdvancedSchedule {
  readonly service: string
  readonly name: string
  readonly doneUntil: Date
}

/**
 * Stores the time up to which the ticks of a schedule are enqueued. If the clock was set back by up
 * to an hour, the stored time is kept, so that no tick is enqueued twice. If the stored time is
 * further ahead, the schedule continues from now, because it would otherwise have no ticks until
 * that time.
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
