import { Cron } from 'croner'
import { HoldfastError } from '../kernel/holdfast-error.ts'
import type { Schedule } from '../kernel/schedule.ts'

/**
 * The times of a schedule.
 *
 * @throws HoldfastError `schedule-invalid` where its fields or its time zone cannot be read.
 */
export function timesOf({ name, cron, timeZone }: Pick<Schedule, 'name' | 'cron' | 'timeZone'>): Cron {
  const fields = cron.trim().split(/\s+/)
  if (fields.length !== 5) {
    throw new HoldfastError(
      'schedule-invalid',
      `The schedule "${name}" has ${fields.length} fields, ${JSON.stringify(cron)}; five are needed: minute, hour, day of the month, month, day of the week, such as '0 3 * * *'.`,
    )
  }
  try {
    new Intl.DateTimeFormat('en', { timeZone })
  } catch (cause) {
    throw new HoldfastError(
      'schedule-invalid',
      `The schedule "${name}" has the time zone ${JSON.stringify(timeZone)}, which nobody knows. Use a name of the IANA database, such as 'Europe/Berlin'.`,
      { cause },
    )
  }
  try {
    return new Cron(cron, { timezone: timeZone, paused: true, mode: '5-part' })
  } catch (cause) {
    throw new HoldfastError(
      'schedule-invalid',
      `The schedule "${name}" has fields that cannot be read, ${JSON.stringify(cron)}: ${cause instanceof Error ? cause.message : String(cause)}.`,
      { cause },
    )
  }
}

/** How late a tick may be, in milliseconds, before it counts as missed. */
const graceMs = 60_000
// More than these are not made up for: a day of a schedule of every minute.
const mostTicks = 1_440

/** Which ticks after `after`, up to `now`, are to be enqueued. */
export function dueTicks(
  times: Cron,
  { after, now, missed }: { readonly after: Date; readonly now: Date; readonly missed: Schedule['missed'] },
): readonly Date[] {
  // From the end: nobody may have been there for years.
  const latest = times.previousRuns(missed === 'once' ? 1 : mostTicks, new Date(now.getTime() + 1))
  const due = latest.filter((tick) => tick > after && tick <= now).toReversed()
  return missed === 'skip' ? due.filter((tick) => now.getTime() - tick.getTime() <= graceMs) : due
}
