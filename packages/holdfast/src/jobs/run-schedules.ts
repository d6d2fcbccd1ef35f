import type { Clock } from '../kernel/clock.ts'
import { type Duty, startDuty } from '../kernel/duty.ts'
import type { Logger } from '../kernel/log.ts'
import type { Schedule } from '../kernel/schedule.ts'
import { ownWork } from '../kernel/work.ts'
import type { Pool } from '../postgres/pool.ts'
import { toJobRow } from './job-row.ts'
import { insertJobs } from './queries/insert-jobs.ts'
import { advanceSchedule, registerSchedule, type ScheduleRow, takeSchedule } from './queries/schedules.ts'
import { dueTicks, timesOf } from './ticks.ts'

/** What schedules are run with. */
export interface SchedulesParts {
  readonly schedules: readonly Schedule[]
  readonly pool: Pool
  readonly clock: Clock
  readonly log: Logger
  /** Is called when jobs have been enqueued. */
  readonly wake: () => void
}

const everyMs = 15_000
const leastMs = 50
const patienceMs = 5_000

/** Enqueues the jobs of schedules at their times; any number of processes may do it at once, each tick is one job. */
export function runSchedules({ schedules, pool, clock, log, wake }: SchedulesParts): Duty {
  const known = schedules.map((schedule) => ({ schedule, times: timesOf(schedule) }))
  let isRegistered = false

  return startDuty({
    failure: 'the jobs of schedules could not be enqueued',
    clock,
    log,
    everyMs,
    async work() {
      const connection = await pool.acquire(ownWork(AbortSignal.timeout(patienceMs)))
      let nextMs = everyMs
      try {
        for (const { schedule, times } of known) {
          const { name, job, missed } = schedule
          if (!isRegistered) await connection.run(registerSchedule(name, schedule.cron, schedule.timeZone))
          await connection.run({ text: 'BEGIN' })
          const { rows } = await connection.run<ScheduleRow>(takeSchedule(name))
          const [row] = rows
          const ticks = row ? dueTicks(times, { after: row.done_until, now: row.now, missed }) : []
          if (row && ticks.length > 0) {
            const made = ticks.map(async (tick) => toJobRow(job, schedule.inputOf(tick), {}))
            await connection.run(insertJobs(await Promise.all(made)))
          }
          // A tick that was passed over must not be found again.
          if (row) await connection.run(advanceSchedule(name, row.now))
          await connection.run({ text: 'COMMIT' })
          if (ticks.length > 0) wake()
          const next = row && times.nextRun(row.now)
          if (next) nextMs = Math.min(nextMs, next.getTime() - row.now.getTime())
        }
        isRegistered = true
      } finally {
        await connection.rollBack()
        connection.release()
      }
      return Math.max(leastMs, nextMs)
    },
  })
}
