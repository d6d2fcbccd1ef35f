import { HoldfastError } from '../../../kernel/base/holdfast-error.ts'
import type { Schedule } from '../../../kernel/background/schedule.ts'
import { ScheduleTimes } from './schedule-times.ts'

/**
 * Returns the times of a schedule.
 *
 * @throws HoldfastError `schedule-invalid` if the cron fields or the time zone are invalid, or if
 * the schedule is never due.
 */
export function timesOf(schedule: Pick<Schedule, 'name' | 'cron' | 'timeZone'>): ScheduleTimes {
  const { name, cron, timeZone } = schedule
  const fields = cron.trim().split(/\s+/)
  if (fields.length !== 5) {
    throw new HoldfastError(
      'schedule-invalid',
      `The schedule "${name}" has ${fields.length} fields, ${JSON.stringify(cron)}; it must have five: minute, hour, day of the month, month, day of the week, such as '0 3 * * *'.`,
    )
  }
  try {
    new Intl.DateTimeFormat('en', { timeZone })
  } catch (cause) {
    throw new HoldfastError(
      'schedule-invalid',
      `The schedule "${name}" has the time zone ${JSON.stringify(timeZone)}, which is unknown. Use an IANA time zone name, such as 'Europe/Berlin'.`,
      { cause },
    )
  }
  const times = readTimes(schedule)
  if (times.next(Date.now()) === undefined) {
    throw new HoldfastError(
      'schedule-invalid',
      `The schedule "${name}" is never due: its fields ${JSON.stringify(cron)} select a day that does not exist.`,
    )
  }
  return times
}

function readTimes({ name, cron, timeZone }: Pick<Schedule, 'name' | 'cron' | 'timeZone'>): ScheduleTimes {
  try {
    return new ScheduleTimes(cron, timeZone)
  } catch (cause) {
    throw new HoldfastError(
      'schedule-invalid',
      `The schedule "${name}" has invalid fields, ${JSON.stringify(cron)}: ${cause instanceof Error ? cause.message : String(cause)}.`,
      { cause },
    )
  }
}

/** Delay after which a tick counts as missed, in milliseconds. */
const graceMs = 60_000
// Max number of missed ticks to enqueue: one day's ticks of a schedule that is due every minute.
const maxTicks = 1_440
// Max number of ticks per transaction, so that the transaction stays short.
const batch = 100

/** The ticks of a schedule that are due. */
export interface DueTicks {
  readonly ticks: readonly Date[]
  /** The time up to which ticks are handled; before now if there are more ticks. */
  readonly doneUntil: Date
}

/** Returns the first {@link batch} ticks to enqueue after `after`, up to `now`. */
export function dueTicks(
  times: ScheduleTimes,
  { after, now, missed }: { readonly after: Date; readonly now: Date; readonly missed: Schedule['missed'] },
): DueTicks {
  const [afterMs, nowMs] = [after.getTime(), now.getTime()]
  if (missed === 'once') {
    const last = times.previous(nowMs)
    return { ticks: last !== undefined && last > afterMs ? [new Date(last)] : [], doneUntil: now }
  }
  if (missed === 'skip')
    return { ticks: ticksBetween(times, Math.max(afterMs, nowMs - graceMs - 1), nowMs), doneUntil: now }
  const first = ticksBetween(times, afterMs, nowMs)
  if (first.length < batch) return { ticks: first, doneUntil: now }
  const fromMs = times.countBack(nowMs, { count: maxTicks, afterMs })
  const ticks = fromMs > afterMs ? ticksBetween(times, fromMs, nowMs) : first
  return { ticks, doneUntil: ticks.length < batch ? now : ticks.at(-1)! }
}

function ticksBetween(times: ScheduleTimes, afterMs: number, untilMs: number): readonly Date[] {
  const ticks: Date[] = []
  let tick = times.next(afterMs)
  while (tick !== undefined && tick <= untilMs && ticks.length < batch) {
    ticks.push(new Date(tick))
    tick = times.next(tick)
  }
  return ticks
}
