import type { Clock } from '../../../kernel/base/clock.ts'
import { type RecurringTask, startRecurringTask } from '../../../kernel/base/recurring-task.ts'
import type { Logger } from '../../../kernel/base/log.ts'
import type { Schedule } from '../../../kernel/background/schedule.ts'
import { limitedWork, type Work } from '../../../kernel/host/work.ts'
import type { Pool } from '../../../storage/postgres/pool/pool.ts'
import type { Transaction } from '../../../storage/postgres/transaction/transaction.ts'
import { announceJobs } from '../enqueue/announce-jobs.ts'
import { type JobRow, toJobRow } from '../enqueue/job-row.ts'
import type { Leadership } from '../leadership/leadership.ts'
import { insertJobs } from '../queries/enqueue.ts'
import { advanceSchedule, registerSchedule, type ScheduleRow, takeSchedule } from '../queries/schedules.ts'
import { dueTicks, timesOf } from './ticks.ts'
import type { WakeSender } from '../../wakes/wake.ts'
import { withConnection } from '../../../storage/postgres/pool/with-connection.ts'
import { transact } from '../../../storage/postgres/transaction/with-transaction.ts'

/** Dependencies of {@link runSchedules}. */
export interface SchedulesParts {
  readonly service: string
  readonly schedules: readonly Schedule[]
  readonly pool: Pool
  readonly clock: Clock
  readonly log: Logger
  readonly waker: WakeSender
  readonly leadership: Leadership
}

/** The running schedules of a process. */
export interface RunningSchedules {
  /** Checks all schedules now, for example after an election. */
  now(): void
  stop(): Promise<void>
}

const everyMs = 60_000
// Shorter than the grace period of a tick.
const retryMs = 15_000
const minMs = 50
const limitMs = 5_000

/** Returns the name of the task that enqueues the jobs of a schedule. */
export function enqueuingTaskOf(name: string): string {
  return `schedule ${name}`
}

/** The jobs to enqueue in one pass, and the delay before the next pass. */
interface Taken {
  readonly rows: readonly JobRow[]
  readonly delayMs: number
}

/**
 * Starts to enqueue the schedules' jobs when they are due, while this process has the schedules'
 * tasks. Several processes may do this at the same time: each tick is enqueued once, since the
 * schedule's row is locked.
 */
export function runSchedules({ schedules, ...parts }: SchedulesParts): RunningSchedules {
  // One task per schedule, so that a failing schedule input does not delay the other schedules.
  const tasks = schedules.map((schedule) => runSchedule(schedule, parts))
  return {
    now() {
      for (const task of tasks) task.now()
    },
    stop: async () => void (await Promise.all(tasks.map((task) => task.stop()))),
  }
}

function runSchedule(schedule: Schedule, parts: Omit<SchedulesParts, 'schedules'>): RecurringTask {
  const { service, pool, clock, log, waker, leadership } = parts
  const times = timesOf(schedule)
  let isRegistered = false

  async function register(work: Work): Promise<void> {
    if (isRegistered) return
    await withConnection(pool, work, (connection) => connection.run(registerSchedule(service, schedule)))
    isRegistered = true
  }

  async function takeTicks(transaction: Transaction): Promise<Taken> {
    const { name, job, missed } = schedule
    const [row] = await transaction.run<ScheduleRow>(takeSchedule(service, name))
    const rows: JobRow[] = []
    const due = row && dueTicks(times, { after: row.done_until, now: row.now, missed })
    if (due && due.ticks.length > 0) {
      const made = due.ticks.map(async (tick) => toJobRow(job, schedule.inputOf(tick), {}))
      rows.push(...(await Promise.all(made)))
      for (const statement of insertJobs(service, rows)) await transaction.run(statement)
    }
    // A skipped tick must not be found again.
    if (due) await transaction.run(advanceSchedule({ service, name, doneUntil: due.doneUntil }))
    if (row && due && due.doneUntil < row.now) return { rows, delayMs: 0 }
    if (!row) return { rows, delayMs: everyMs }
    const nowMs = row.now.getTime()
    return { rows, delayMs: (times.next(nowMs) ?? Infinity) - nowMs }
  }

  return startRecurringTask({
    failure: `enqueuing the jobs of the schedule "${schedule.name}" failed`,
    clock,
    log,
    everyMs,
    retryMs,
    async work() {
      if (!leadership.isLeader(enqueuingTaskOf(schedule.name))) return undefined
      const work = limitedWork(limitMs)
      await register(work)
      const { rows, delayMs } = await transact(pool, { work, limitMs }, takeTicks)
      announceJobs(rows, waker)
      return Math.max(minMs, delayMs)
    },
  })
}
