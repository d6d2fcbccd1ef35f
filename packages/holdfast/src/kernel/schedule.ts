import type { JobType } from './job-type.ts'

/** What becomes of the times at which no process was there: none of them is made up for, one is, or all are. */
export type MissedTicks = 'skip' | 'once' | 'all'

/** What a schedule is defined with. */
export interface ScheduleDefinition<Input> {
  /** Stable: what has been enqueued is recorded under it. Unique in the service. */
  readonly name: string
  /** Five fields, as of crontab(5): minute, hour, day of the month, month, day of the week. `'0 3 * * *'` is at three each night. */
  readonly cron: string
  /** The time zone of the fields, by its name in the IANA database. Default `'UTC'`. */
  readonly timeZone?: string
  readonly job: JobType<Input>
  /** The job's input; a function is given the time of the tick. */
  readonly input: NoInfer<Input> | ((tick: Date) => NoInfer<Input>)
  /** What becomes of ticks that nobody was there for. Default `'once'`. */
  readonly missed?: MissedTicks
}

/** When a job is enqueued again and again. */
export interface Schedule {
  readonly kind: 'schedule'
  readonly name: string
  readonly cron: string
  readonly timeZone: string
  readonly job: JobType
  readonly inputOf: (tick: Date) => unknown
  readonly missed: MissedTicks
}

/** Declares that a job is enqueued by the clock: once for each tick, in all processes together. */
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
  }
}
