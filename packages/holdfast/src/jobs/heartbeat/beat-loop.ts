import { setTimeout as pause } from 'node:timers/promises'
import type { HeartbeatView } from './heartbeat-view.ts'

/** How often a worker sends a heartbeat, in milliseconds. */
export const beatMs = 5_000
// Soon enough for several attempts within a lease.
const retryMs = 1_000

/** What {@link BeatLoop} needs. */
export interface BeatLoopParts {
  readonly view: HeartbeatView
  /** How often a heartbeat is sent, in milliseconds. */
  readonly everyMs: number
  /** Sends a heartbeat; resolves to `false` if the database does not have the worker: it has been declared dead. */
  readonly beat: () => Promise<boolean>
  /** Called once, when the worker has been declared dead. No further heartbeat is sent. */
  readonly onDeclaredDead: () => void
  /** Called when a heartbeat failed. */
  readonly onFailed: (error: unknown) => void
  /** Called when the heartbeats stop because the event loop of the main thread has been silent for too long. */
  readonly onSilent: (silentMs: number) => void
}

/** Sends the heartbeats of one worker until it is stopped. */
export class BeatLoop {
  readonly #parts: BeatLoopParts
  readonly #stopping = new AbortController()
  #isSilent = false

  constructor(parts: BeatLoopParts) {
    this.#parts = parts
  }

  /** Sends heartbeats until {@link stop} is called, or the worker has been declared dead. */
  async run(): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      const nextMs = await this.beatOnce()
      if (nextMs === undefined) return
      // Rejects when it is stopped, which is no failure.
      await pause(nextMs, undefined, { signal }).catch(() => {})
    }
  }

  /** Sends one heartbeat if the event loop is alive. Resolves to the pause before the next one, in milliseconds, if there is one. */
  async beatOnce(): Promise<number | undefined> {
    const { view, everyMs, beat, onDeclaredDead, onFailed, onSilent } = this.#parts
    if (view.isSilentTooLong) {
      if (!this.#isSilent) onSilent(view.silentMs)
      this.#isSilent = true
      view.failed()
      return Math.min(retryMs, everyMs)
    }
    this.#isSilent = false
    const sentAt = view.startBeat()
    try {
      if (!(await beat())) {
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
