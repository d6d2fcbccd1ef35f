import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { HoldfastError } from '../../kernel/holdfast-error.ts'
import type { HeartbeatReport, HeartbeatRequest } from './heartbeat-messages.ts'

/** What a worker hears of its heartbeats. */
export interface HeartbeatListener {
  (report: HeartbeatReport | { readonly kind: 'thread-ended'; readonly error: unknown }): void
}

// As built, or from source.
const entry = import.meta.url.endsWith('.ts')
  ? new URL('./heartbeat-thread-main.ts', import.meta.url)
  : new URL('./heartbeat-thread-main.js', import.meta.url)

let current: HeartbeatThread | undefined

/**
 * Returns the heartbeat thread of this process, which sends the heartbeats of all its workers. It starts with the first of
 * them, and ends with the process, which it does not keep alive.
 *
 * @throws HoldfastError `heartbeat-thread-missing` if its file is not beside this one, as in a bundle.
 */
export function heartbeatThread(): HeartbeatThread {
  if (current && !current.hasEnded) return current
  if (!existsSync(entry)) {
    throw new HoldfastError(
      'heartbeat-thread-missing',
      `The heartbeats of a worker are sent by a thread of their own, whose file ${fileURLToPath(entry)} is missing. A bundle has only one file: exclude "holdfast" from it, as "external" or "noExternal" of the bundler does, and install it beside the bundle.`,
    )
  }
  current = new HeartbeatThread()
  return current
}

/** A thread that sends the heartbeats of workers, so that no event loop that is busy keeps one from being sent. */
export class HeartbeatThread {
  readonly #thread: Worker
  readonly #listeners = new Map<string, HeartbeatListener>()
  #hasEnded = false

  constructor() {
    // What the program preloads, such as instrumentation, is not for this thread.
    const { NODE_OPTIONS: _, ...env } = process.env
    this.#thread = new Worker(entry, { name: 'holdfast heartbeat', execArgv: [], env })
    this.#thread.on('message', (report: HeartbeatReport) => this.#listeners.get(report.worker)?.(report))
    this.#thread.on('error', (error) => this.#end(error))
    this.#thread.on('exit', () => this.#end(undefined))
    // After the listeners: each of them would keep the process alive again.
    this.#thread.unref()
  }

  /** Whether the thread has ended, which it does by itself only if it fails. */
  get hasEnded(): boolean {
    return this.#hasEnded
  }

  /** Starts the heartbeats of a worker. */
  start(request: HeartbeatRequest & { readonly kind: 'start' }, listener: HeartbeatListener): void {
    this.#listeners.set(request.worker, listener)
    this.#thread.postMessage(request)
  }

  /** Asks for the end of the heartbeats of a worker; the listener hears of it. */
  stop(worker: string): void {
    this.#thread.postMessage({ kind: 'stop', worker } satisfies HeartbeatRequest)
  }

  /** Reports nothing more of a worker. */
  forget(worker: string): void {
    this.#listeners.delete(worker)
  }

  #end(error: unknown): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    const listeners = [...this.#listeners.values()]
    this.#listeners.clear()
    // A listener may start its worker again.
    for (const listener of listeners) listener({ kind: 'thread-ended', error })
  }
}
