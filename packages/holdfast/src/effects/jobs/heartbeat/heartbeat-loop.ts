import { pause } from '../../../kernel/base/wait.ts'
import type { HeartbeatView } from './heartbeat-view.ts'

/** The interval between heartbeats, in milliseconds. */
export const beatMs = 5_000
// Short enough for several attempts within a lease.
const retryMs = 1_000

/** Dependencies of {@link HeartbeatLoop}. */
export interface HeartbeatLoopParts {
  readonly view: HeartbeatView
  /** The interval between heartbeats, in milliseconds. */
  readonly everyMs: number
  /**
   * Sends a heartbeat. Resolves to `false` if the worker is not in the database: it was declared
   * dead.
   */
  readonly sendHeartbeat: () => Promise<boolean>
  /** Called once, when the worker is declared dead. No more heartbeats are sent. */
  readonly onDeclaredDead: () => void
  /** Called when a heartbeat fails. */
  readonly onFailed: (error: unknown) => void
  /**
   * Called when the heartbeats stop because the event loop of the main thread has not responded for
   * too long.
   */
  readonly onSilent: (silentMs: number) => void
}

/** Sends the heartbeats of one worker until it is stopped. */
export class HeartbeatLoop {
  readonly #parts: HeartbeatLoopParts
  readonly #stopping = new AbortController()
  #isSilent = false

  constructor(parts: HeartbeatLoopParts) {
    this.#parts = parts
  }

  /** Sends heartbeats until {@link stop} is called or the worker is declared dead. */
  async run(): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      const nextMs = await this.beatOnce()
      if (nextMs === undefined) return
      await pause(nextMs, { cancellation: signal })
    }
  }

  /**
   * Sends one heartbeat, unless the event loop has been silent for too long. Resolves to the delay
   * until the next heartbeat, in milliseconds, or to `undefined` if the worker was declared dead.
   */
  async beatOnce(): Promise<number | undefined> {
    const { view, everyMs, sendHeartbeat, onDeclaredDead, onFailed, onSilent } = this.#parts
    if (view.isSilentTooLong) {
      if (!this.#isSilent) onSilent(view.silentMs)
      this.#isSilent = true
      view.failed()
      return Math.min(retryMs, everyMs)
    }
    this.#isSilent = false
    const sentAt = view.startHeartbeat()
    try {
      if (!(await sendHeartbeat())) {
        onDeclaredDead()
        return undefined
      }
    } catch (error) {
      view.failed()
      onFailed(error)
      return Math.min(retryMs, everyMs)
    }
    view.confirmed(sentAt)
    return everyMs
  }

  stop(): void {
    this.#stopping.abort()
  }
}
