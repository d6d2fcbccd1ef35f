import { type RecurringTask, startRecurringTask } from '../../../kernel/base/recurring-task.ts'
import { limitedWork } from '../../../kernel/host/work.ts'
import { withConnection } from '../../../storage/postgres/pool/with-connection.ts'
import { beatMs } from '../heartbeat/heartbeat-loop.ts'
import { leaseMs } from '../heartbeat/heartbeat.ts'
import { Admissions, type AdmissionsParts } from './admissions.ts'
import type { Leadership } from './leadership.ts'
import { pollIntervalMs, pollRetryMs } from './poll-interval.ts'
import { promoteDue, promotionBatch, type PromotionRow } from '../queries/promote-due.ts'
import { nextDeath } from '../queries/workers.ts'
import { rescueJobs } from './rescue-jobs.ts'
import { concerned, type Wake } from '../../wakes/wake.ts'

// The tasks of the leader, for the jobs of all processes of a service:
//
// - promotes scheduled and waiting jobs that are due: the task sleeps until the next job is due,
//   and is woken for earlier jobs;
// - admits jobs that have limits, when woken for their names and at each poll;
// - rescues the jobs of dead workers: the task sleeps until the lease of a worker could end.
//
// Two processes may run these tasks at the same time without harm, since each statement locks what
// it changes. Promotion and rescue skip rows that another process has locked, and change a row only
// if its state is unchanged. Admission takes a lock per name. So no task needs the leader's term as
// a fence.

/** A worker in this process that can rescue other workers' jobs. */
export interface Rescuer {
  readonly id: string
  /** Duration of the worker's current run of successful heartbeats, in milliseconds. */
  readonly reachableForMs: number
}

/** Dependencies of {@link startLeaderTasks}. */
export interface LeaderTasksParts extends Omit<AdmissionsParts, 'isOwn'> {
  readonly leadership: Leadership
  /** Returns the worker of this process; `undefined` if it has none at present. */
  readonly rescuer: () => Rescuer | undefined
}

/** The leader's tasks in this process. */
export interface LeaderTasks {
  /** Runs promotion and rescue now, for example after an election. */
  now(): void
  stop(): Promise<void>
}

const timeoutMs = 5_000
const maxRescueIntervalMs = 10_000
const minRescueIntervalMs = 250
// Time that live workers get after an outage to send a heartbeat, before any worker is declared
// dead.
const reachableMs = beatMs + 1_000

/**
 * Returns the name of the task that admits the jobs with the given name. Names without limits have
 * such a task, too, since another version of the program may limit their jobs.
 */
export function admissionTask(name: string): string {
  return `admit ${name}`
}

/** Starts the leader's tasks. A process without these tasks executes no statement for them. */
export function startLeaderTasks(parts: LeaderTasksParts): LeaderTasks {
  return new JobTasks(parts)
}

class JobTasks implements LeaderTasks {
  readonly #parts: LeaderTasksParts
  readonly #names: readonly string[]
  readonly #admissions: Admissions
  readonly #promoting: RecurringTask
  readonly #rescuing: RecurringTask
  readonly #unlisten: () => void

  constructor(parts: LeaderTasksParts) {
    const { jobs, clock, log, waker } = parts
    const shared = { clock, log, retryMs: pollRetryMs }
    this.#parts = parts
    this.#names = [...jobs.keys()]
    this.#admissions = new Admissions({ ...parts, isOwn: (name) => this.#isOwn(name) })
    this.#promoting = startRecurringTask({
      ...shared,
      failure: 'looking for due jobs failed',
      everyMs: () => pollIntervalMs(waker),
      work: () => this.#promote(),
    })
    this.#rescuing = startRecurringTask({
      ...shared,
      failure: 'looking for jobs of dead workers failed',
      everyMs: maxRescueIntervalMs,
      work: () => this.#rescue(),
    })
    this.#unlisten = waker.listen({
      wake: (wake) => this.#wake(wake),
      look: () => this.#promoting.now(),
    })
  }

  now(): void {
    this.#promoting.now()
    this.#rescuing.now()
  }

  async stop(): Promise<void> {
    this.#unlisten()
    await Promise.all([this.#promoting, this.#admissions, this.#rescuing].map((task) => task.stop()))
  }

  #wake(wake: Wake): void {
    const { service, leadership } = this.#parts
    if (wake.service !== service) return
    if (wake.kind === 'limited') this.#admissions.admitSoon(concerned(wake, this.#names))
    else if (!leadership.leads) return
    else if (wake.kind === 'due') this.#promoting.now()
    else if (wake.kind === 'orphaned') this.#rescuing.now()
  }

  #isOwn(name: string): boolean {
    const { jobs, leadership } = this.#parts
    // A leader does not know the limits of names that run only in other processes or engines.
    return jobs.has(name) && leadership.isLeader(admissionTask(name))
  }

  async #promote(): Promise<number | undefined> {
    const { service, pool, waker, leadership } = this.#parts
    const own = this.#names.filter((name) => this.#isOwn(name))
    if (!leadership.leads && own.length === 0) return undefined
    const { rows } = await withConnection(pool, limitedWork(timeoutMs), (connection) =>
      connection.run<PromotionRow>(promoteDue(service, own)),
    )
    const [promotion] = rows
    if (!promotion) return undefined
    const { ready, limited, promoted, next_ms: nextMs } = promotion
    if (ready.length > 0) waker.send('jobs', ready)
    // A different version of the program knows these names' limits.
    const others = limited.filter((name) => !this.#isOwn(name))
    if (others.length > 0) waker.send('limited', others)
    const isMore = await this.#admissions.admit(limited)
    return isMore || promoted === promotionBatch ? 0 : (nextMs ?? undefined)
  }

  async #rescue(): Promise<number | undefined> {
    const { service, pool, jobs, log, waker, leadership, rescuer } = this.#parts
    const self = rescuer()
    if (!leadership.leads || !self) return undefined
    if (self.reachableForMs < reachableMs) return pollRetryMs
    const rescued = await rescueJobs({ service, pool, jobs, log, leaseMs, self: self.id })
    if (rescued.length > 0) {
      waker.send('returned', new Set(rescued))
      return 0
    }
    const { rows } = await withConnection(pool, limitedWork(timeoutMs), (connection) =>
      connection.run<{ next_ms: number | null }>(nextDeath({ service, leaseMs, self: self.id })),
    )
    return Math.max(minRescueIntervalMs, rows[0]?.next_ms ?? Infinity)
  }
}
