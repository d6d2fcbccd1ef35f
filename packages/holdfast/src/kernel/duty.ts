import type { Clock, Timer } from './clock.ts'
import { toLogFields, type Logger } from './log.ts'

/** Something that is done again and again until it is stopped. */
export interface Duty {
  /** Does it now, or once more after what is under way. */
  now(): void
  /** Begins no more; resolves when what is under way has ended. */
  stop(): Promise<void>
}

/** What a duty is made of. */
export interface DutyParts {
  /** What it is, for the log: `'old jobs could not be deleted'`. */
  readonly failure: string
  readonly clock: Clock
  readonly log: Logger
  /** Max pause, in milliseconds; a function is asked before each pause. */
  readonly everyMs: number | (() => number)
  /** Max pause after a failure, in milliseconds. Default `everyMs`. */
  readonly retryMs?: number
  /** How long it waits before the first time, in milliseconds. Default: not at all. */
  readonly firstAfterMs?: number
  /** Does it, and gives how soon it wants to be done again, in milliseconds, where that is before `everyMs`. */
  readonly work: (stopping: AbortSignal) => Promise<number | undefined>
}

/** Begins a duty. A failure is logged, and it is tried again at its next time. */
export function startDuty(parts: DutyParts): Duty {
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
      // The processes of a fleet start together; they need not go on together.
      const maxMs = maxPauseMs()
      schedule(isSoon ? 0 : Math.min(againMs ?? Infinity, maxMs * (0.9 + Math.random() * 0.2)))
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
        // Once is news; while the database is away, there is nothing new in it.
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
