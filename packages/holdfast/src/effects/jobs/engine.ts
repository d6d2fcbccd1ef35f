import type { Worker } from '../../kernel/background/background.ts'
import type { Clock } from '../../kernel/base/clock.ts'
import type { ExternalCallWatch } from '../../kernel/host/external-calls.ts'
import type { Job } from '../../kernel/background/job.ts'
import { pause } from '../../kernel/base/wait.ts'
import { toLogFields, type Logger } from '../../kernel/base/log.ts'
import type { Schedule } from '../../kernel/background/schedule.ts'
import type { Telemetry } from '../../kernel/telemetry/telemetry.ts'
import type { Pool } from '../../storage/postgres/pool/pool.ts'
import type { BoundTransaction, HandlerSession } from '../../storage/postgres/transaction/handler-session.ts'
import { startPruning } from './leadership/prune.ts'
import { runSchedules, startSchedules } from './schedules/run-schedules.ts'
import { timesOf } from './schedules/ticks.ts'
import type { HeartbeatTarget } from './heartbeat/heartbeat-connection.ts'
import { admissionTask, startLeaderTasks } from './leadership/leader-tasks.ts'
import { type Leadership, startLeadership } from './leadership/leadership.ts'
import type { Waker } from '../wakes/waker.ts'
import { type ProcessWorker, startWorker } from './worker.ts'
import { registerIdentity, type WorkerIdentity } from './worker-identity.ts'
import { ownSessionsOf, sessionsOf } from './worker-sessions.ts'

/**
 * The lane of a pool, which identifies its purpose: transactions of `jobs`, transactions of jobs
 * with dedicated `slots`, reading of `messages`, or the framework's `own` statements.
 */
export type LaneName = 'jobs' | 'slots' | 'messages' | 'own'

/**
 * Opens a pool of at most `size` connections with this application name. The default lane is
 * `jobs`. The `own` pool is shared by the process; name and size are ignored.
 */
export type OpenPool = (applicationName: string, size: number, options?: { readonly lane?: LaneName }) => Pool

/** Dependencies of {@link startEngine}. */
export interface EngineParts {
  /** Name of the service. Jobs and schedules of other services on the same database are ignored. */
  readonly service: string
  readonly jobs: ReadonlyMap<string, Job>
  readonly schedules: readonly Schedule[]
  readonly settings: unknown
  /** Max number of jobs that run at once. */
  readonly concurrency: number
  /** Opens a pool whose connections have this application name. */
  readonly openPool: OpenPool
  /** Destination of the worker's heartbeats. */
  readonly heartbeatTarget: HeartbeatTarget
  readonly bind: (session: HandlerSession) => BoundTransaction
  readonly waker: Waker
  readonly clock: Clock
  readonly log: Logger
  readonly telemetry: Telemetry
  /** Detects external calls that jobs make in a transaction. */
  readonly externalCalls: ExternalCallWatch
}

const controlSize = 3
const restartMs = 1_000

/** The job engine of this process. */
export interface Engine extends Worker {
  /** This process's part in the leader election of its service. */
  readonly leadership: Leadership
}

/** Starts to run the jobs and schedules of a service in this process. */
export async function startEngine(parts: EngineParts): Promise<Engine> {
  const { openPool, waker, clock, log } = parts
  // An invalid schedule throws before anything has started.
  for (const schedule of parts.schedules) timesOf(schedule)
  const ownConnections = [...parts.jobs.values()].reduce(
    (sum, { slots }) => sum + (slots?.connections ?? 0),
    0,
  )
  const control = openPool('holdfast (jobs)', controlSize, { lane: 'own' })
  /** `undefined` while this process was declared dead and has not registered again. */
  let current: Membership | undefined
  try {
    current = await join()
  } catch (error) {
    await control.end()
    throw error
  }
  let isStopping = false
  let rejoining: Promise<void> | undefined

  /**
   * Registers a worker and opens its pools. Their sessions carry the worker's id, so that a process
   * that declares it dead can end them.
   */
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
        log.info({ worker: joined.identity.id }, 'worker re-registered after being declared dead')
        return
      } catch (error) {
        log.warn({ error: toLogFields(error) }, 're-registering the worker failed; will retry')
        await pause(restartMs, { clock })
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
      ...[...parts.jobs.keys()].map(admissionTask),
      ...parts.schedules.map(({ name }) => startSchedules(name)),
    ],
    onElected() {
      tasks.now()
      schedules.now()
      pruning.now()
    },
  })
  const shared = { service: parts.service, pool: control, clock, log, waker, leadership }
  const tasks = startLeaderTasks({ ...shared, jobs: parts.jobs, rescuer: () => current?.worker })
  const schedules = runSchedules({ ...shared, schedules: parts.schedules })
  const pruning = startPruning({ ...shared, onReleased: (names) => waker.send('returned', names) })

  return {
    leadership,
    async stop(limitMs) {
      isStopping = true
      const [released] = await Promise.all([stopWorker(limitMs), handOver()])
      await Promise.all([current?.endPools(), control.end()])
      return released
    },
  }

  async function stopWorker(limitMs: number): Promise<readonly string[]> {
    await rejoining
    return (await current?.worker.stop(limitMs)) ?? []
  }

  /** Resigns at once: running jobs may take long to end, and another process can lead meanwhile. */
  async function handOver(): Promise<void> {
    await Promise.all([tasks.stop(), schedules.stop(), pruning.stop()])
    await leadership.stop()
  }
}

interface Membership {
  readonly identity: WorkerIdentity
  readonly worker: ProcessWorker
  endPools(): Promise<void>
}
