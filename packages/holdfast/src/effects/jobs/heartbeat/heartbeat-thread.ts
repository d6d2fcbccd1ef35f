import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { HoldfastError } from '../../../kernel/base/holdfast-error.ts'
import type { HeartbeatReport, HeartbeatRequest } from './heartbeat-messages.ts'

/** Receives the reports about a worker's heartbeats. */
export interface HeartbeatListener {
  (report: HeartbeatReport | { readonly kind: 'thread-ended'; readonly error: unknown }): void
}

// The compiled file, or its source in development.
const entry = import.meta.url.endsWith('.ts')
  ? new URL('./heartbeat-thread-main.ts', import.meta.url)
  : new URL('./heartbeat-thread-main.js', import.meta.url)

let current: HeartbeatThread | undefined

/**
 * Returns the heartbeat thread of this process, which sends the heartbeats of all its workers. The
 * thread starts with the first worker and ends with the process; it does not keep the process
 * alive.
 *
 * @throws HoldfastError `heartbeat-thread-missing` if its file is not next to this file, as in a
 * bundle.
 */
export function heartbeatThread(): HeartbeatThread {
  if (current && !current.hasEnded) return current
  if (!existsSync(entry)) {
    throw new HoldfastError(
      'heartbeat-thread-missing',
      `The heartbeat thread of a worker cannot start: its file ${fileURLToPath(entry)} is missing. If the program is bundled, exclude "holdfast" from the bundle (option "external" or "noExternal" of the bundler) and install it beside the bundle.`,
    )
  }
  current = new HeartbeatThread()
  return current
}

/** A thread that sends the heartbeats of workers, so that a busy event loop does not delay them. */
export class HeartbeatThread {
  readonly #thread: Worker
  readonly #listeners = new Map<string, HeartbeatListener>()
  #hasEnded = false

  constructor() {
    // This thread does not need the modules that the program preloads, such as instrumentation.
    const { NODE_OPTIONS: _, ...env } = process.env
    this.#thread = new Worker(entry, { name: 'holdfast heartbeat', execArgv: [], env })
    this.#thread.on('message', (report: HeartbeatReport) => this.#listeners.get(report.worker)?.(report))
    this.#thread.on('error', (error) => this.#end(error))
    this.#thread.on('exit', () => this.#end(undefined))
    // Called after the listeners are added, since each added listener refs the thread again.
    this.#thread.unref()
  }

  /** True if the thread has ended, which happens only if it fails. */
  get hasEnded(): boolean {
    return this.#hasEnded
  }

  /** Starts the heartbeats of a worker. */
  start(request: HeartbeatRequest & { readonly kind: 'start' }, listener: HeartbeatListener): void {
    this.#listeners.set(request.worker, listener)
    this.#thread.postMessage(request)
  }

  /** Makes a worker's heartbeats use a changed target. */
  changeTarget(request: HeartbeatRequest & { readonly kind: 'target' }): void {
    this.#thread.postMessage(request)
  }

  /**
   * Requests that a worker's heartbeats stop. When they have stopped, the listener receives
   * `stopped`.
   */
  stop(worker: string): void {
    this.#thread.postMessage({ kind: 'stop', worker } satisfies HeartbeatRequest)
  }

  /** Removes the listener of a worker. */
  forget(worker: string): void {
    this.#listeners.delete(worker)
  }

  #end(error: unknown): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    const listeners = [...this.#listeners.values()]
    this.#listeners.clear()
    // A listener may restart its worker's heartbeats.
    for (const listener of listeners) listener({ kind: 'thread-ended', error })
  }
}
