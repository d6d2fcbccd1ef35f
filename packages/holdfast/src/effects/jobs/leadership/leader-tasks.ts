import type { Clock } from '../../../kernel/base/clock.ts'
import { type RecurringTask, startRecurringTask } from '../../../kernel/base/recurring-task.ts'
import type { Job } from '../../../kernel/background/job.ts'
import { toLogFields, type Logger } from '../../../kernel/base/log.ts'
import { systemWork } from '../../../kernel/host/work.ts'
import type { Pool } from '../../../storage/postgres/pool/pool.ts'
import { withConnection } from '../../../storage/postgres/pool/with-connection.ts'
import { admitJobs } from '../claim/admit-jobs.ts'
import { beatMs } from '../heartbeat/heartbeat-loop.ts'
import { leaseMs } from '../heartbeat/heartbeat.ts'
import type { Leadership } from './leadership.ts'
import { pollIntervalMs, pollRetryMs } from './poll-interval.ts'
import { promoteDue, promotionBatch, type PromotionRow } from '../queries/promote-due.ts'
import { nextDeath } from '../queries/workers.ts'
import { rescueJobs } from './rescue-jobs.ts'
import { concerned } from '../../wakes/wake.ts'
import type { Waker } from '../../wakes/waker.ts'

// The tasks of the leader, for the jobs of all processes of a service:
//
// - promotes scheduled and waiting jobs that are due: sleeps until the next one, and is woken for
//   earlier ones;
// - admits jobs to their limits, when woken for their names and at each poll;
// - rescues the jobs of dead workers: sleeps until the lease of a worker could end.
//
// Two processes may do this at once without harm, since each statement locks what it changes:
// promotion and rescue skip rows that another process has locked, and change a row only if its
// state is unchanged; admission takes a lock per name. So no task needs the leader's term as a
// fence.

/** A worker of this process that can rescue the jobs of others. */
export interface Rescuer {
  readonly id: string
  /** How long all of its heartbeats have reached the database, in milliseconds. */
  readonly reachableForMs: number
}

/** Dependencies of {@link startLeaderTasks}. */
export interface LeaderTasksParts {
  readonly service: string
  readonly jobs: ReadonlyMap<string, Job>
  readonly pool: Pool
  readonly clock: Clock
  readonly log: Logger
  readonly waker: Waker
  readonly leadership: Leadership
  /** Returns the worker of this process; `undefined` if there is none at present. */
  readonly rescuer: () => Rescuer | undefined
}

/** The tasks of the leader that this process has. */
export interface LeaderTasks {
  /** Runs promotion and rescue now, for example after an election. */
  now(): void
  stop(): Promise<void>
}

const timeoutMs = 5_000
// Max number of batches of a name that are admitted before the next name gets a turn.
const maxPasses = 5
const maxRescueIntervalMs = 10_000
const minRescueIntervalMs = 250
// After an outage, live workers get this long to send a heartbeat before any are declared dead.
const reachableMs = beatMs + 1_000

/**
 * Returns the name of the task of admitting the jobs of a name. Jobs without limits have one too,
 * since another version of the program may limit them.
 */
export function admissionTask(name: string): string {
  return `admit ${name}`
}

/** Starts the tasks of the leader. In a process without tasks, they execute no statement. */
export function startLeaderTasks(parts: LeaderTasksParts): LeaderTasks {
  const { service, jobs, pool, clock, log, waker, leadership } = parts
  const names = [...jobs.keys()]
  const atGate = new Set<string>()
  const promoting = startRecurringTask({
    failure: 'looking for due jobs failed',
    clock,
    log,
    everyMs: () => pollIntervalMs(waker),
    retryMs: pollRetryMs,
    work: promote,
  })
  const admitting = startRecurringTask({
    failure: 'admitting jobs failed',
    clock,
    log,
    everyMs: Infinity,
    retryMs: pollRetryMs,
    work: admitWoken,
  })
  const rescuing = startRecurringTask({
    failure: 'looking for jobs of dead workers failed',
    clock,
    log,
    everyMs: maxRescueIntervalMs,
    retryMs: pollRetryMs,
    work: rescue,
  })
  const unlisten = waker.listen({
    wake(wake) {
      if (wake.service !== service) return
      if (wake.kind === 'limited') {
        const own = concerned(wake, names).filter(isOwn)
        for (const name of own) atGate.add(name)
        if (own.length > 0) admitting.now()
      } else if (!leadership.leads) return
      else if (wake.kind === 'due') promoting.now()
      else if (wake.kind === 'orphaned') rescuing.now()
    },
    look: () => promoting.now(),
  })

  function isOwn(name: string): boolean {
    // A leader does not have the limits of names that only other processes or engines run.
    return jobs.has(name) && leadership.isLeader(admissionTask(name))
  }

  async function promote(): Promise<number | undefined> {
    const own = names.filter(isOwn)
    if (!leadership.leads && own.length === 0) return undefined
    const { rows } = await withConnection(pool, systemWork(AbortSignal.timeout(timeoutMs)), (connection) =>
      connection.run<PromotionRow>(promoteDue(service, own)),
    )
    const [promotion] = rows
    if (!promotion) return undefined
    const { ready, limited, promoted, next_ms: nextMs } = promotion
    if (ready.length > 0) waker.send('jobs', ready)
    // Another version of the program has their limits.
    const others = limited.filter((name) => !isOwn(name))
    if (others.length > 0) waker.send('limited', others)
    const isMore = await admitAll(limited.filter(isOwn))
    return isMore || promoted === promotionBatch ? 0 : (nextMs ?? undefined)
  }

  async function admitWoken(): Promise<number | undefined> {
    const woken = [...atGate].filter(isOwn)
    atGate.clear()
    const isMore = await admitAll(woken)
    if (isMore) for (const name of woken) atGate.add(name)
    return isMore ? 0 : undefined
  }

  /** Admits jobs of some names. Returns whether there may be more of them. */
  async function admitAll(limited: readonly string[]): Promise<boolean> {
    let isMore = false
    let hasScheduled = false
    const ready: string[] = []
    for (const name of limited) {
      const admitted = await admit(jobs.get(name)!)
      isMore ||= admitted.isMore
      hasScheduled ||= admitted.scheduled > 0
      if (admitted.ready > 0) ready.push(name)
    }
    if (ready.length > 0) waker.send('jobs', ready)
    // A rate turn may come before the next poll.
    if (hasScheduled) waker.send('due', [])
    return isMore
  }

  /** Admits the jobs of a name. A failure is logged, so that the other names are still admitted. */
  async function admit(job: Job): Promise<{ isMore: boolean; ready: number; scheduled: number }> {
    const sum = { isMore: false, ready: 0, scheduled: 0 }
    try {
      for (let passes = 0; passes < maxPasses; passes += 1) {
        const admitted = await admitJobs(pool, { service, job })
        sum.ready += admitted.ready
        sum.scheduled += admitted.scheduled
        sum.isMore = admitted.isMore
        if (!admitted.isMore) break
      }
    } catch (error) {
      log.warn({ error: toLogFields(error), job: job.name }, 'applying job limits failed')
    }
    return sum
  }

  async function rescue(): Promise<number | undefined> {
    const self = parts.rescuer()
    if (!leadership.leads || !self) return undefined
    if (self.reachableForMs < reachableMs) return pollRetryMs
    const rescued = await rescueJobs({ service, pool, jobs, log, leaseMs, self: self.id })
    if (rescued.length > 0) {
      waker.send('returned', new Set(rescued))
      return 0
    }
    const { rows } = await withConnection(pool, systemWork(AbortSignal.timeout(timeoutMs)), (connection) =>
      connection.run<{ next_ms: number | null }>(nextDeath({ service, leaseMs, self: self.id })),
    )
    return Math.max(minRescueIntervalMs, rows[0]?.next_ms ?? Infinity)
  }

  return {
    now() {
      promoting.now()
      rescuing.now()
    },
    async stop() {
      unlisten()
      await Promise.all([promoting, admitting, rescuing].map((task: RecurringTask) => task.stop()))
    },
  }
}
