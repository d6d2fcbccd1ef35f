import type { Clock } from '../kernel/clock.ts'
import { type Duty, startDuty } from '../kernel/duty.ts'
import type { Logger } from '../kernel/log.ts'
import type { Schedule } from '../kernel/schedule.ts'
import { ownWork } from '../kernel/work.ts'
import type { Connection } from '../postgres/connection.ts'
import type { Pool } from '../postgres/pool.ts'
import { toJobRow } from './job-row.ts'
import { insertJobs } from './queries/insert-jobs.ts'
import { advanceSchedule, registerSchedule, type ScheduleRow, takeSchedule } from './queries/schedules.ts'
import { dueTicks, timesOf } from './ticks.ts'
import { withConnection } from '../postgres/with-connection.ts'

/** Dependencies of {@link runSchedules}. */
export interface SchedulesParts {
  readonly service: string
  readonly schedules: readonly Schedule[]
  readonly pool: Pool
  readonly clock: Clock
  readonly log: Logger
  /** Called when jobs have been enqueued. */
  readonly wake: () => void
}

const everyMs = 15_000
const leastMs = 50
const patienceMs = 5_000

/** Enqueues the jobs of schedules at their times; any number of processes may do it at once, each tick is one job. */
export function runSchedules({ schedules, ...parts }: SchedulesParts): Pick<Duty, 'stop'> {
  // One by one: what fails at the input of one does not keep the others from their times.
  const duties = schedules.map((schedule) => runSchedule(schedule, parts))
  return { stop: async () => void (await Promise.all(duties.map((duty) => duty.stop()))) }
}

function runSchedule(schedule: Schedule, parts: Omit<SchedulesParts, 'schedules'>): Duty {
  const { service, pool, clock, log, wake } = parts
  const times = timesOf(schedule)
  let isRegistered = false

  async function takeTicks(connection: Connection): Promise<number> {
    const { name, job, missed } = schedule
    if (!isRegistered) await connection.run(registerSchedule(service, schedule))
    isRegistered = true
    await connection.run({ text: 'BEGIN' })
    const { rows } = await connection.run<ScheduleRow>(takeSchedule(service, name))
    const [row] = rows
    const due = row && dueTicks(times, { after: row.done_until, now: row.now, missed })
    if (due && due.ticks.length > 0) {
      const made = due.ticks.map(async (tick) => toJobRow(job, schedule.inputOf(tick), {}))
      await connection.run(insertJobs(service, await Promise.all(made)))
    }
    // A tick that was passed over must not be found again.
    if (due) await connection.run(advanceSchedule({ service, name, doneUntil: due.doneUntil }))
    await connection.run({ text: 'COMMIT' })
    if (due && due.ticks.length > 0) wake()
    if (row && due && due.doneUntil < row.now) return 0
    if (!row) return everyMs
    const nowMs = row.now.getTime()
    return (times.next(nowMs) ?? Infinity) - nowMs
  }

  return startDuty({
    failure: `the jobs of the schedule "${schedule.name}" could not be enqueued`,
    clock,
    log,
    everyMs,
    work: async () =>
      Math.max(leastMs, await withConnection(pool, ownWork(AbortSignal.timeout(patienceMs)), takeTicks)),
  })
}
