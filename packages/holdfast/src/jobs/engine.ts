import type { Worker } from '../kernel/background.ts'
import type { Clock } from '../kernel/clock.ts'
import type { ForeignCallWatch } from '../kernel/foreign-calls.ts'
import type { Job } from '../kernel/job.ts'
import { toLogFields, type Logger } from '../kernel/log.ts'
import type { Schedule } from '../kernel/schedule.ts'
import type { Telemetry } from '../kernel/telemetry.ts'
import type { Pool } from '../postgres/pool.ts'
import type { BoundTransaction, HandlerSession } from '../postgres/transaction-session.ts'
import { startPruning } from './prune.ts'
import { runSchedules, scheduleDuty } from './run-schedules.ts'
import { timesOf } from './ticks.ts'
import type { BeatTarget } from './heartbeat/beat-connection.ts'
import { admissionDuty, startLeaderDuties } from './leader-duties.ts'
import { type Leadership, startLeadership } from './leadership/leadership.ts'
import type { Waker } from './waker.ts'
import { type ProcessWorker, startWorker } from './worker.ts'
import { registerIdentity, type WorkerIdentity } from './worker-identity.ts'
import { ownSessionsOf, sessionsOf } from './worker-sessions.ts'

/**
 * Whose connections a pool lends: those of transactions of `jobs`; those that jobs with slots of their
 * own have besides (`slots`); those of readers of `messages`; or those of the framework's `own` statements.
 */
export type LaneName = 'jobs' | 'slots' | 'messages' | 'own'

/**
 * Opens a pool of at most `size` connections that have this name. Default lane: `jobs`. The pool of `own` is that
 * of the process, whatever the name and the size.
 */
export type OpenPool = (applicationName: string, size: number, options?: { readonly lane?: LaneName }) => Pool

/** Dependencies of {@link startEngine}. */
export interface EngineParts {
  /** Name of the service: jobs and schedules of other services on the same database are not its own. */
  readonly service: string
  readonly jobs: ReadonlyMap<string, Job>
  readonly schedules: readonly Schedule[]
  readonly settings: unknown
  /** How many jobs run at once. */
  readonly concurrency: number
  /** Opens a pool whose connections have this name. */
  readonly openPool: OpenPool
  /** Where the heartbeats of the worker go. */
  readonly beatTarget: BeatTarget
  readonly bind: (session: HandlerSession) => BoundTransaction
  readonly waker: Waker
  readonly clock: Clock
  readonly log: Logger
  readonly telemetry: Telemetry
  /** Notices foreign calls of jobs. */
  readonly foreignCalls: ForeignCallWatch
}

const controlSize = 3
const restartMs = 1_000

/** The work on jobs in this process. */
export interface Engine extends Worker {
  /** The part of this process in the election of its service. */
  readonly leadership: Leadership
}

/** Works on the jobs and schedules of a service, in this process. */
export async function startEngine(parts: EngineParts): Promise<Engine> {
  const { openPool, waker, clock, log } = parts
  // What cannot be read is said before anything has begun.
  for (const schedule of parts.schedules) timesOf(schedule)
  const ownConnections = [...parts.jobs.values()].reduce(
    (sum, { slots }) => sum + (slots?.connections ?? 0),
    0,
  )
  const control = openPool('holdfast (jobs)', controlSize, { lane: 'own' })
  /** `undefined` while this process, declared dead, cannot begin anew. */
  let current: Membership | undefined
  try {
    current = await join()
  } catch (error) {
    await control.end()
    throw error
  }
  let isStopping = false
  let rejoining: Promise<void> | undefined

  /** Begins to work under a name of its own, which its sessions bear: whoever declares it dead can end them. */
  async function join(): Promise<Membership> {
    const identity = await registerIdentity(control, parts.service)
    const pool = openPool(sessionsOf(identity.id), parts.concurrency)
    const connections =
      ownConnections > 0 ? openPool(ownSessionsOf(identity.id), ownConnections, { lane: 'slots' }) : undefined
    const worker = startWorker({
      ...parts,
      control,
      poolOf: (job) => (job.slots && connections) ?? pool,
      identity,
      onDeclaredDead: () => void (rejoining ??= rejoin().finally(() => (rejoining = undefined))),
    })
    return {
      identity,
      worker,
      endPools: async () => void (await Promise.all([pool.end(), connections?.end()])),
    }
  }

  async function rejoin(): Promise<void> {
    const dead = current
    current = undefined
    await dead?.worker.stop(0)
    await dead?.endPools()
    while (!isStopping) {
      try {
        const joined = await join()
        current = joined
        log.info({ worker: joined.identity.id }, 'the worker goes on under another name')
        return
      } catch (error) {
        log.warn({ error: toLogFields(error) }, 'the worker could not go on yet')
        await new Promise<void>((resolve) => clock.after(restartMs, resolve))
      }
    }
  }

  const leadership = startLeadership({
    service: parts.service,
    pool: control,
    clock,
    log,
    waker,
    covers: [
      ...[...parts.jobs.keys()].map(admissionDuty),
      ...parts.schedules.map(({ name }) => scheduleDuty(name)),
    ],
    onDuty() {
      duties.now()
      schedules.now()
      pruning.now()
    },
  })
  const shared = { service: parts.service, pool: control, clock, log, waker, leadership }
  const duties = startLeaderDuties({ ...shared, jobs: parts.jobs, rescuer: () => current?.worker })
  const schedules = runSchedules({ ...shared, schedules: parts.schedules })
  const pruning = startPruning({ ...shared, onReleased: (names) => waker.send('returned', names) })

  return {
    leadership,
    async stop(limitMs) {
      isStopping = true
      const [handedBack] = await Promise.all([stopWorker(limitMs), handOver()])
      await Promise.all([current?.endPools(), control.end()])
      return handedBack
    },
  }

  async function stopWorker(limitMs: number): Promise<readonly string[]> {
    await rejoining
    return (await current?.worker.stop(limitMs)) ?? []
  }

  /** At once: jobs that run may take long to end, and another process can lead meanwhile. */
  async function handOver(): Promise<void> {
    await Promise.all([duties.stop(), schedules.stop(), pruning.stop()])
    await leadership.stop()
  }
}

interface Membership {
  readonly identity: WorkerIdentity
  readonly worker: ProcessWorker
  endPools(): Promise<void>
}
