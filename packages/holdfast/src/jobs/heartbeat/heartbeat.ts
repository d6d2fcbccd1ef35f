import { toLogFields, type Logger } from '../../kernel/log.ts'
import type { BeatTarget } from './beat-connection.ts'
import { beatMs } from './beat-loop.ts'
import { type HeartbeatListener, type HeartbeatThread, heartbeatThread } from './heartbeat-thread.ts'
import { HeartbeatView } from './heartbeat-view.ts'

// Heartbeats: how a fleet knows that a worker lives.
//
//   main thread                      shared memory                heartbeat thread            Postgres
//   turns, begins jobs  ─ turnedAt, allowedSilence ─▶  looks before each heartbeat ─▶  insert into job_beats
//   is the lease held?  ◀─ beatSentAt, reachableSince ─  notes the answer
//
// - A worker has a lease of `leaseMs` from each heartbeat on. One without a lease is declared dead by any other worker, which
//   ends its sessions and rescues its jobs.
// - Heartbeats do not depend on the event loop: a job may compute for as long as its timeout allows.
// - A process whose event loop has been silent for longer than any running job may take sends none: it would live for ever.
// - A heartbeat has a connection of its own, and waits for no lock: nothing that others do has a healthy worker declared dead.
// - A process that was stopped (SIGSTOP, a paused machine) sends none either. What its jobs then do is fenced off in the database,
//   and begins no step, since the lease is over by its own clock too.

/** How long a worker lives after a heartbeat, in milliseconds. */
export const leaseMs = 15_000

// Often enough for the silence to be known to a second.
const turnMs = 500
// A delay from here on is worth a line in the log.
const longDelayMs = 1_000
// To end a connection takes a round trip.
const stopTimeoutMs = 1_000

/** What a heartbeat is started with. */
export interface HeartbeatParts {
  /** The id of the worker. */
  readonly worker: string
  readonly target: BeatTarget
  readonly log: Logger
  /** Called once, when others have declared the worker dead. */
  readonly onDeclaredDead: () => void
  /** How often a heartbeat is sent, in milliseconds. Default {@link beatMs}. */
  readonly everyMs?: number
  /** Called when the event loop of this thread was late: by how much, in milliseconds. */
  readonly onLoopDelay: (delayMs: number) => void
}

/** The heartbeat of a worker. */
export interface Heartbeat {
  /** Whether the worker has its lease, as far as this process knows. */
  readonly holdsLease: boolean
  /** How long all heartbeats have reached the database, in milliseconds; 0 if the last one failed. */
  readonly reachableForMs: number
  /** Sets how long the event loop may be silent before the heartbeats stop, in milliseconds; a lease at least. */
  allowSilence(ms: number): void
  /** Sends no more. Resolves when the connection is closed. */
  stop(): Promise<void>
}

/**
 * Starts the heartbeat of a worker that is registered.
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
  // To be registered counts as the first heartbeat.
  view.confirmed(view.startBeat())

  const listener: HeartbeatListener = (report) => {
    if (report.kind === 'declared-dead') onDeclaredDead()
    else if (report.kind === 'stopped') stopped.resolve()
    else if (report.kind === 'thread-ended') restart(report.error)
    else {
      // Once is news; while the database is away, there is nothing new in it.
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
    // Not at once: a thread that fails as soon as it starts would be started without end.
    setTimeout(() => {
      if (!isStopping) start()
    }, turnMs).unref()
  }

  // The time of the machine, as in the thread: a clock that a test holds would stop the heartbeats.
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
      return view.sinceBeatMs <= leaseMs
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
      const late = setTimeout(stopped.resolve, stopTimeoutMs)
      thread.stop(worker)
      await stopped.promise
      clearTimeout(late)
      thread.forget(worker)
    },
  }
}
