import { settlesWithin } from '../../../kernel/base/wait.ts'
import { toLogFields, type Logger } from '../../../kernel/base/log.ts'
import type { HeartbeatTarget } from './heartbeat-connection.ts'
import { beatMs } from './heartbeat-loop.ts'
import { type HeartbeatListener, type HeartbeatThread, heartbeatThread } from './heartbeat-thread.ts'
import { HeartbeatView } from './heartbeat-view.ts'

// Heartbeats show the other processes of a service that a worker is alive.
//
//   main thread            shared memory                 heartbeat thread         Postgres
//   runs, starts jobs   ─ turnedAt, allowedSilence ─▶    checks both, beats  ─▶  job_heartbeats
//   lease still held?   ◀─ beatSentAt, reachableSince ─  records the reply
//
// - Each heartbeat gives a worker a lease of `leaseMs`. When the lease has ended, other processes
//   declare the worker dead, end its sessions and rescue its jobs.
// - Heartbeats do not depend on the event loop: a job may compute for as long as its timeout
//   allows.
// - They stop when the event loop has been silent for longer than any running job may take;
//   otherwise a process that hangs would keep its jobs indefinitely.
// - A heartbeat uses a dedicated connection and waits for no lock, so the load of others cannot
//   make a healthy worker look dead.
// - A process that was stopped (SIGSTOP, a paused machine) sends none either. When it continues,
//   the database fences off its jobs, and no step starts, since the lease has also ended by its own
//   clock.

/** How long a worker lives after a heartbeat, in milliseconds. */
export const leaseMs = 15_000

// Short enough to measure the silence to within a second.
const turnMs = 500
// Delays from this on are reported.
const longDelayMs = 1_000
// Closing a connection takes a round trip.
const stopTimeoutMs = 1_000

/** Options of {@link startHeartbeat}. */
export interface HeartbeatParts {
  /** The id of the worker. */
  readonly worker: string
  readonly target: HeartbeatTarget
  readonly log: Logger
  /** Called once, when another process has declared the worker dead. */
  readonly onDeclaredDead: () => void
  /** Interval between heartbeats, in milliseconds. Default {@link beatMs}. */
  readonly everyMs?: number
  /** Called with the delay in milliseconds when the event loop of this thread was blocked. */
  readonly onLoopDelay: (delayMs: number) => void
}

/** The heartbeat of a worker. */
export interface Heartbeat {
  /** True if the worker holds its lease, as far as this process knows. */
  readonly holdsLease: boolean
  /**
   * How long all heartbeats have reached the database, in milliseconds; 0 if the last one failed.
   */
  readonly reachableForMs: number
  /**
   * Sets how long the event loop may be silent before the heartbeats stop, in milliseconds. Min: a
   * lease.
   */
  allowSilence(ms: number): void
  /** Stops the heartbeats. Resolves when the connection is closed. */
  stop(): Promise<void>
}

/**
 * Starts the heartbeats of a registered worker.
 *
 * @throws HoldfastError `heartbeat-thread-missing`.
 */
export function startHeartbeat({
  worker,
  target,
  log,
  everyMs = beatMs,
  onDeclaredDead,
  onLoopDelay,
}: HeartbeatParts): Heartbeat {
  const view = new HeartbeatView()
  const stopped = Promise.withResolvers<void>()
  let isStopping = false
  let hasFailed = false
  let thread: HeartbeatThread

  view.turned()
  view.allowSilence(leaseMs)
  // The registration counts as the first heartbeat.
  view.confirmed(view.startHeartbeat())

  const listener: HeartbeatListener = (report) => {
    if (report.kind === 'declared-dead') onDeclaredDead()
    else if (report.kind === 'stopped') stopped.resolve()
    else if (report.kind === 'thread-ended') restart(report.error)
    else {
      // The first failure is a warning; repetitions while the database is unreachable add nothing.
      log[hasFailed ? 'debug' : 'warn']({ worker, error: report.error }, 'heartbeat failed')
      hasFailed = true
    }
  }

  function start(): void {
    thread = heartbeatThread()
    thread.start({ kind: 'start', worker, target, everyMs, memory: view.memory }, listener)
  }

  function restart(error: unknown): void {
    if (isStopping) return stopped.resolve()
    log.error({ worker, error: toLogFields(error) }, 'heartbeat thread ended unexpectedly')
    // After a delay, since a thread that fails at startup would otherwise be restarted in a tight
    // loop.
    setTimeout(() => {
      if (!isStopping) start()
    }, turnMs).unref()
  }

  // Real time, as in the thread: a fake clock in a test would stop the heartbeats.
  let turnedAtMs = performance.now()
  const turning = setInterval(() => {
    const nowMs = performance.now()
    const delayMs = nowMs - turnedAtMs - turnMs
    turnedAtMs = nowMs
    view.turned()
    if (view.reachableForMs > 0) hasFailed = false
    if (delayMs >= longDelayMs) onLoopDelay(delayMs)
  }, turnMs)
  turning.unref()
  try {
    start()
  } catch (error) {
    clearInterval(turning)
    throw error
  }

  return {
    get holdsLease() {
      return view.sinceHeartbeatMs <= leaseMs
    },
    get reachableForMs() {
      return view.reachableForMs
    },
    allowSilence(ms) {
      view.turned()
      view.allowSilence(Math.max(leaseMs, ms))
    },
    async stop() {
      isStopping = true
      clearInterval(turning)
      thread.stop(worker)
      await settlesWithin(stopped.promise, stopTimeoutMs)
      thread.forget(worker)
    },
  }
}
