import { callSite } from '../base/call-site.ts'
import type { JobType } from './job-type.ts'

/**
 * The policy for ticks missed while no process was running: run none of them (`'skip'`), only the
 * last one (`'once'`), or all of them (`'all'`).
 */
export type MissedTicks = 'skip' | 'once' | 'all'

/** Options of a schedule. */
export interface ScheduleDefinition<Input> {
  /**
   * Identifies the recorded ticks in the database, so do not change it. Unique within the service.
   */
  readonly name: string
  /**
   * Five fields, as in crontab(5): minute, hour, day of the month, month, day of the week.
   * `'0 3 * * *'` is 03:00 every day.
   */
  readonly cron: string
  /** The time zone in which the fields are read, by its IANA name. Default `'UTC'`. */
  readonly timeZone?: string
  /** The job that is enqueued at each tick. */
  readonly job: JobType<Input>
  /** The job's input, or a function that returns it for the time of the tick. */
  readonly input: NoInfer<Input> | ((tick: Date) => NoInfer<Input>)
  /**
   * The handling of ticks missed while no process was running. `'once'`: only the last one runs.
   * `'all'`: each of the last 1,440 runs. `'skip'`: no missed tick runs. Default `'once'`.
   */
  readonly missed?: MissedTicks
}

/** A defined schedule: the times at which a job is enqueued. */
export interface Schedule {
  readonly kind: 'schedule'
  readonly name: string
  readonly cron: string
  readonly timeZone: string
  readonly job: JobType
  readonly inputOf: (tick: Date) => unknown
  readonly missed: MissedTicks
  /** The file and line of the definition. */
  readonly definedAt: string
}

/**
 * Declares a schedule that enqueues a job once per tick, across all processes.
 *
 * @example
 * ```ts
 * const cleanUp = job({ name: 'clean-up', input: z.object({ day: z.iso.date() }), run: () => {} })
 *
 * const nightly = schedule({
 *   name: 'nightly-clean-up',
 *   cron: '0 3 * * *',
 *   timeZone: 'Europe/Berlin',
 *   job: cleanUp,
 *   input: (tick) => ({ day: tick.toISOString().slice(0, 10) }),
 * })
 * ```
 */
export function schedule<Input>(definition: ScheduleDefinition<Input>): Schedule {
  const { name, cron, job, input } = definition
  return {
    kind: 'schedule',
    name,
    cron,
    timeZone: definition.timeZone ?? 'UTC',
    job,
    inputOf: typeof input === 'function' ? (input as (tick: Date) => Input) : () => input,
    missed: definition.missed ?? 'once',
    definedAt: callSite(schedule),
  }
}
