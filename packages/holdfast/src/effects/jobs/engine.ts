import type { Worker } from '../../kernel/background/background.ts'
import type { Clock } from '../../kernel/base/clock.ts'
import type { ExternalCallWatch } from '../../kernel/host/external-calls.ts'
import type { Job } from '../../kernel/background/job.ts'
import type { Logger } from '../../kernel/base/log.ts'
import type { Schedule } from '../../kernel/background/schedule.ts'
import type { Telemetry } from '../../kernel/telemetry/telemetry.ts'
import type { OpenPool } from '../../storage/postgres/pool/open-pool.ts'
import type { Pool } from '../../storage/postgres/pool/pool.ts'
import type { BoundTransaction, HandlerSession } from '../../storage/postgres/transaction/handler-session.ts'
import { startPruning } from './leadership/prune.ts'
import { runSchedules, enqueuingTaskOf } from './schedules/run-schedules.ts'
import { timesOf } from './schedules/ticks.ts'
import type { HeartbeatTarget } from './heartbeat/heartbeat-connection.ts'
import { admissionTask, startLeaderTasks } from './leadership/leader-tasks.ts'
import { type Leadership, startLeadership } from './leadership/leadership.ts'
import type { Waker } from '../wakes/waker.ts'
import { joinFleet, type Membership } from './membership.ts'

/*
 * The Postgres job engine of a process. It consists of a worker (membership.ts) and a membership in
 * the leader election of the service (leadership/). The leader does the work that is needed only
 * once per service.
 *
 *   startEngine ─┬▶ membership ─▶ worker: claims and runs jobs
 *                └▶ leadership ── elected ──▶ promotion, limits, rescue · schedules · pruning
 *
 * Invariants:
 * - A start that fails leaves no pool open.
 * - `stop` resigns immediately, even if running jobs take long to end.
 */

/** Dependencies of {@link startEngine}. */
export interface EngineParts {
  /** Name of the service. Jobs and schedules of other services on the same database are ignored. */
  readonly service: string
  readonly jobs: ReadonlyMap<string, Job>
  readonly schedules: readonly Schedule[]
  readonly settings: unknown
  /** Max number of jobs that run at once. */
  readonly concurrency: number
  /** Opens a pool. Its connections have the given application name. */
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

/** The job engine of this process. */
export interface Engine extends Worker {
  /** This process's membership in the leader election of its service. */
  readonly leadership: Leadership
}

/** Starts the jobs and schedules of a service in this process. */
export async function startEngine(parts: EngineParts): Promise<Engine> {
  // An invalid schedule throws before anything has started.
  for (const schedule of parts.schedules) timesOf(schedule)
  await using starting = new AsyncDisposableStack()
  const control = parts.openPool('holdfast (jobs)', controlSize, { lane: 'own' })
  starting.defer(() => control.end())
  const membership = await joinFleet({ ...parts, control })
  starting.defer(() => membership.endPools())
  const leader = startLeader(parts, { control, membership })
  const pools = starting.move()
  return {
    leadership: leader.leadership,
    async stop(limitMs) {
      await using _pools = pools
      const [released] = await Promise.all([membership.stop(limitMs), leader.stop()])
      return released
    },
  }
}

interface LeaderParts {
  readonly control: Pool
  readonly membership: Membership
}

interface Leader {
  readonly leadership: Leadership
  stop(): Promise<void>
}

/** Joins the leader election, and starts the tasks of a leader. */
function startLeader(parts: EngineParts, { control, membership }: LeaderParts): Leader {
  const { service, jobs, clock, log, waker } = parts
  const leadership = startLeadership({
    service,
    pool: control,
    clock,
    log,
    waker,
    covers: [
      ...[...jobs.keys()].map(admissionTask),
      ...parts.schedules.map(({ name }) => enqueuingTaskOf(name)),
    ],
    onElected() {
      tasks.now()
      schedules.now()
      pruning.now()
    },
  })
  const shared = { service, pool: control, clock, log, waker, leadership }
  const tasks = startLeaderTasks({ ...shared, jobs, rescuer: () => membership.worker })
  const schedules = runSchedules({ ...shared, schedules: parts.schedules })
  const pruning = startPruning({ ...shared, onReleased: (names) => waker.send('returned', names) })
  return {
    leadership,
    // Resigns without waiting for running jobs, so that another process can lead.
    async stop() {
      await Promise.all([tasks.stop(), schedules.stop(), pruning.stop()])
      await leadership.stop()
    },
  }
}
