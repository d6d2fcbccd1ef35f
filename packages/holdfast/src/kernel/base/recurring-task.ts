import { betweenMs } from './backoff.ts'
import type { Clock, Timer } from './clock.ts'
import { toLogFields, type Logger } from './log.ts'

/** A recurring task, which runs until it is stopped. */
export interface RecurringTask {
  /** Runs the task now. If it is already running, runs it once more after the current run. */
  now(): void
  /** Stops the task; resolves when the current run has ended. */
  stop(): Promise<void>
}

/** The parts of a recurring task. */
export interface RecurringTaskParts {
  /** The message to log on a failure: `'old jobs could not be deleted'`. */
  readonly failure: string
  readonly clock: Clock
  readonly log: Logger
  /**
   * Max pause between runs, in milliseconds. If it is a function, it is called before each pause.
   */
  readonly everyMs: number | (() => number)
  /** Max pause after a failed run, in milliseconds. Default `everyMs`. */
  readonly retryMs?: number
  /** Pause before the first run, in milliseconds. Default: the first run starts immediately. */
  readonly firstAfterMs?: number
  /**
   * Runs the task. Resolves to the pause before the next run, in milliseconds, or to `undefined`
   * for the max pause.
   */
  readonly work: (stopping: AbortSignal) => Promise<number | undefined>
}

/**
 * Starts a recurring task. A failure is logged, and the task runs again at its next scheduled time.
 */
export function startRecurringTask(parts: RecurringTaskParts): RecurringTask {
  const { failure, clock, log, firstAfterMs, work } = parts
  const stopping = new AbortController()
  let timer: Timer | undefined
  let running: Promise<void> | undefined
  let isAskedAgain = false
  let hasFailed = false

  function schedule(ms: number): void {
    timer?.cancel()
    if (!stopping.signal.aborted) timer = clock.after(ms, run)
  }

  function run(): void {
    timer?.cancel()
    running = attempt().then((againMs) => {
      running = undefined
      const isSoon = isAskedAgain
      isAskedAgain = false
      // With jitter, processes that started together do not run the task at the same times.
      const maxMs = maxPauseMs()
      schedule(isSoon ? 0 : Math.min(againMs ?? Infinity, betweenMs(maxMs * 0.9, maxMs * 1.1)))
    })
  }

  function maxPauseMs(): number {
    const everyMs = typeof parts.everyMs === 'function' ? parts.everyMs() : parts.everyMs
    return hasFailed ? Math.min(everyMs, parts.retryMs ?? everyMs) : everyMs
  }

  async function attempt(): Promise<number | undefined> {
    try {
      const againMs = await work(stopping.signal)
      hasFailed = false
      return againMs
    } catch (error) {
      if (!stopping.signal.aborted) {
        // Only the first failure of an outage is a warning; later failures are logged at debug.
        log[hasFailed ? 'debug' : 'warn']({ error: toLogFields(error) }, failure)
        hasFailed = true
      }
      return undefined
    }
  }

  if (firstAfterMs === undefined) run()
  else schedule(firstAfterMs)
  return {
    now() {
      if (running) isAskedAgain = true
      else if (!stopping.signal.aborted) run()
    },
    async stop() {
      stopping.abort()
      timer?.cancel()
      await running
      timer?.cancel()
    },
  }
}
