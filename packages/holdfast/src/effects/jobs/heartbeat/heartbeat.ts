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
// - Heartbeats stop when the event loop has been silent for longer than the longest timeout of a
//   running job. Otherwise, a process that hangs would keep its jobs indefinitely.
// - A heartbeat uses a dedicated connection and waits for no lock, so load cannot make a healthy
//   worker look dead.
// - A stopped process (SIGSTOP, a paused machine) sends no heartbeats either. When it continues,
//   the database fences off its jobs. No step starts, since the lease has also ended by the
//   process's own clock.

/** The lease of a worker after a heartbeat, in milliseconds. */
export const leaseMs = 15_000

// Short enough to measure the silence to within a second.
const turnMs = 500
// The shortest event-loop delay that is reported.
const longDelayMs = 1_000
// Timeout of closing the connection, which takes a round trip.
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
   * Duration of the current run of successful heartbeats, in milliseconds; 0 if the last heartbeat
   * failed.
   */
  readonly reachableForMs: number
  /**
   * Sets how long the event loop may be silent before the heartbeats stop, in milliseconds. The min
   * is the duration of a lease.
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
export function startHeartbeat(parts: HeartbeatParts): Heartbeat {
  return new WorkerHeartbeat(parts)
}

class WorkerHeartbeat implements Heartbeat {
  readonly #parts: HeartbeatParts
  readonly #view = new HeartbeatView()
  readonly #turning: NodeJS.Timeout
  readonly #stopped = Promise.withResolvers<void>()
  #thread: HeartbeatThread
  // A real clock, as in the thread: with a fake clock, a test would stop the heartbeats.
  #turnedAtMs = performance.now()
  #hasFailed = false
  /** The URL that the thread connects with. */
  #threadUrl = ''
  #isStopping = false

  constructor(parts: HeartbeatParts) {
    this.#parts = parts
    this.#view.turned()
    this.#view.allowSilence(leaseMs)
    // The registration counts as the first heartbeat.
    this.#view.confirmed(this.#view.startHeartbeat())
    this.#thread = this.#startThread()
    this.#turning = setInterval(() => this.#turn(), turnMs)
    this.#turning.unref()
  }

  get holdsLease(): boolean {
    return this.#view.sinceHeartbeatMs <= leaseMs
  }

  get reachableForMs(): number {
    return this.#view.reachableForMs
  }

  allowSilence(ms: number): void {
    this.#view.turned()
    this.#view.allowSilence(Math.max(leaseMs, ms))
  }

  async stop(): Promise<void> {
    const { worker } = this.#parts
    this.#isStopping = true
    clearInterval(this.#turning)
    this.#thread.stop(worker)
    await settlesWithin(this.#stopped.promise, stopTimeoutMs)
    this.#thread.forget(worker)
  }

  #startThread(): HeartbeatThread {
    const { worker, target, everyMs = beatMs } = this.#parts
    const thread = heartbeatThread()
    const given = this.#currentTarget(target)
    thread.start({ kind: 'start', worker, target: given, everyMs, memory: this.#view.memory }, (report) =>
      this.#handle(report),
    )
    return thread
  }

  /** Returns a copy of the target, whose URL a getter may return. */
  #currentTarget({ connectionString, isPooled }: HeartbeatTarget): HeartbeatTarget {
    this.#threadUrl = connectionString
    return { connectionString, isPooled }
  }

  #restart(error: unknown): void {
    if (this.#isStopping) return this.#stopped.resolve()
    const { worker, log } = this.#parts
    log.error({ worker, error: toLogFields(error) }, 'heartbeat thread ended unexpectedly')
    // Starts a new thread only after a delay, since a thread that fails at startup would otherwise
    // be restarted in a tight loop.
    setTimeout(() => {
      if (!this.#isStopping) this.#thread = this.#startThread()
    }, turnMs).unref()
  }

  /** Handles a report of the heartbeat thread. */
  #handle(report: Parameters<HeartbeatListener>[0]): void {
    const { worker, log, onDeclaredDead } = this.#parts
    if (report.kind === 'declared-dead') onDeclaredDead()
    else if (report.kind === 'stopped') this.#stopped.resolve()
    else if (report.kind === 'thread-ended') this.#restart(report.error)
    else {
      // The first failure is a warning. Later failures while the database is unreachable are logged
      // at the debug level.
      log[this.#hasFailed ? 'debug' : 'warn']({ worker, error: report.error }, 'heartbeat failed')
      this.#hasFailed = true
    }
  }

  /** Records that this thread's event loop runs, and reports for how long it was blocked. */
  #turn(): void {
    const nowMs = performance.now()
    const delayMs = nowMs - this.#turnedAtMs - turnMs
    this.#turnedAtMs = nowMs
    this.#view.turned()
    const { worker, target } = this.#parts
    if (target.connectionString !== this.#threadUrl)
      this.#thread.changeTarget({ kind: 'target', worker, target: this.#currentTarget(target) })
    if (this.#view.reachableForMs > 0) this.#hasFailed = false
    if (delayMs >= longDelayMs) this.#parts.onLoopDelay(delayMs)
  }
}
