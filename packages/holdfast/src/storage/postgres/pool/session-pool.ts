import type { Cancellation } from '../../../kernel/base/cancellation.ts'
import { systemClock, type Timer } from '../../../kernel/base/clock.ts'
import { TimerQueue } from '../../../kernel/base/timer-queue.ts'
import type { Work } from '../../../kernel/host/work.ts'
import { toLogFields, type Logger } from '../../../kernel/base/log.ts'
import type { ConnectionBudget, Lane } from './connection-budget.ts'
import type { DriverClient } from '../session/driver-client.ts'
import { closeSocket } from '../session/driver-internals.ts'
import type { SessionLifetimes } from '../session/session-lifetimes.ts'
import { NoConnection } from '../errors/no-connection.ts'
import { markDriverError } from '../errors/sql-state.ts'

/** Options of {@link SessionPool}. */
export interface SessionPoolOptions {
  readonly budget: ConnectionBudget
  readonly min: number
  readonly max: number
  /** Max number of waiting requests; further requests are refused. */
  readonly maxWaiting: number
  /**
   * Max time that a caller waits, in milliseconds; `Infinity` if only the caller's deadline limits
   * the wait.
   */
  readonly waitMs: number
  readonly lifetimes: SessionLifetimes
  readonly log: Logger
  /** Called when a request is refused. */
  readonly onRefused: () => void
  /** Returns a new session. */
  readonly open: () => NewSession
}

/** A session that is not connected yet. */
export interface NewSession {
  readonly client: DriverClient
  /**
   * Called with the error if the session cannot be opened. Resolves to `true` if another session
   * may succeed, because it has a new password.
   */
  readonly renew: (error: unknown) => Promise<boolean>
}

/** The part of {@link Work} that limits the wait for a session. */
type WaitingWork = Pick<Work, 'deadline' | 'waitsUntilDeadline'>

/** A request for a session. */
interface Request {
  readonly deadline: Cancellation
  readonly resolve: (client: DriverClient) => void
  readonly reject: (error: unknown) => void
  readonly abort: () => void
  readonly timer: Timer | undefined
  isClosed: boolean
}

interface Idle {
  readonly client: DriverClient
  readonly sinceMs: number
}

/**
 * The sessions of one lane: the idle sessions, and the queue of requests that wait for a session.
 *
 * Each released or newly opened session goes to the request that has waited longest. So a request
 * whose own session opens slowly, for example on a busy machine, takes the first session that
 * becomes free. The most recently used session is lent first, so surplus sessions stay idle and are
 * closed.
 */
export class SessionPool implements Lane {
  readonly min: number
  readonly max: number
  readonly #options: SessionPoolOptions
  readonly #clients = new Set<DriverClient>()
  readonly #closing = new Set<DriverClient>()
  readonly #idle: Idle[] = []
  readonly #waiting: Request[] = []
  readonly #timers: TimerQueue
  /** The number of sessions being opened. */
  #opening = 0
  #isEnding = false
  #ended: (() => void) | undefined

  constructor(options: SessionPoolOptions) {
    this.#options = options
    this.min = options.min
    this.max = options.max
    this.#timers = new TimerQueue(systemClock, options.waitMs)
    options.budget.add(this)
  }

  get open(): number {
    return this.#clients.size
  }

  get idle(): number {
    return this.#idle.length
  }

  get waiting(): number {
    return this.#waiting.length
  }

  get isWaiting(): boolean {
    return this.#waiting.length > this.#opening
  }

  /** Returns an idle session, or `undefined` if no session is idle. */
  takeIdle(): DriverClient | undefined {
    const { lifetimes } = this.#options
    for (let idle = this.#idle.pop(); idle; idle = this.#idle.pop()) {
      const { client } = idle
      if (client.failure === undefined && !lifetimes.isRetired(client)) return client
      this.#close(client)
    }
    return undefined
  }

  /**
   * Waits for a session. Rejects with the reason of the deadline, or with the driver's error if no
   * session is available in time.
   */
  wait({ deadline, waitsUntilDeadline }: WaitingWork): Promise<DriverClient> {
    return new Promise((resolve, reject) => {
      if (this.#isEnding) return reject(noConnection('ended'))
      const { maxWaiting, waitMs, budget } = this.#options
      if (this.#waiting.length - this.#opening >= maxWaiting && !budget.mayOpen(this)) {
        this.#options.onRefused()
        return reject(noConnection('queue-full'))
      }
      const request: Request = {
        deadline,
        resolve,
        reject,
        abort: () => this.#fail(request, deadline.reason),
        timer:
          waitsUntilDeadline || waitMs === Infinity
            ? undefined
            : this.#timers.after(waitMs, () => this.#fail(request, noConnection('timeout'))),
        isClosed: false,
      }
      deadline.addEventListener('abort', request.abort)
      this.#waiting.push(request)
      budget.settle()
    })
  }

  /** Takes a session back for the next request. Closes it if `isFinal`. */
  release(client: DriverClient, isFinal: boolean): void {
    const isUsable = !isFinal && !this.#isEnding && client.failure === undefined
    if (!isUsable) return this.#close(client)
    const next = this.#waiting.shift()
    if (next) {
      end(next)
      next.resolve(client)
    } else if (this.#options.budget.isOwed(this)) this.#close(client)
    else this.#idle.push({ client, sinceMs: performance.now() })
  }

  openForWaiting(): void {
    this.#opening += 1
    this.#open(true)
  }

  #open(mayRenew: boolean): void {
    const { open, lifetimes } = this.#options
    const { client, renew } = open()
    const startedMs = performance.now()
    this.#clients.add(client)
    client.once('end', () => this.#gone(client))
    client.connect().then(
      () => {
        lifetimes.opened(client, startedMs)
        this.#opening -= 1
        // The server may end a session in the same packet that reports it as ready.
        if (client.failure !== undefined) this.#failLongest(client.failure)
        this.release(client, false)
      },
      async (error: unknown) => {
        closeSocket(client)
        if (mayRenew && (await renew(error)) && !this.#isEnding) return this.#open(false)
        this.#opening -= 1
        this.#failLongest(error)
      },
    )
  }

  closeIdle(idleMs: number): boolean {
    const [oldest] = this.#idle
    if (!oldest || performance.now() - oldest.sinceMs < idleMs) return false
    this.#idle.shift()
    this.#close(oldest.client)
    return true
  }

  /** Closes all sessions. A session in use is closed when it has been released. */
  async end(): Promise<void> {
    this.#isEnding = true
    for (const request of this.#waiting.slice()) this.#fail(request, noConnection('ended'))
    while (this.#idle.length > 0) this.#close(this.#idle.pop()!.client)
    // Does not wait for sockets that are already closing, which takes a while if the server does
    // not answer.
    if (!this.#isAtRest) await new Promise<void>((resolve) => (this.#ended = resolve))
    this.#options.budget.remove(this)
  }

  /**
   * Rejects the request that has waited longest. Called once for each session that could not be
   * opened.
   */
  #failLongest(error: unknown): void {
    const [longest] = this.#waiting
    if (longest) this.#fail(longest, markDriverError(error))
  }

  #fail(request: Request, error: unknown): void {
    if (request.isClosed) return
    end(request)
    const index = this.#waiting.indexOf(request)
    if (index !== -1) this.#waiting.splice(index, 1)
    request.reject(error)
  }

  get #isAtRest(): boolean {
    return this.#clients.size === this.#closing.size
  }

  #close(client: DriverClient): void {
    // The socket of a session in use may have closed in the meantime.
    if (this.#clients.has(client)) this.#closing.add(client)
    client.end().catch(() => {})
    if (this.#isAtRest) this.#ended?.()
  }

  /** Removes a session whose socket has closed. */
  #gone(client: DriverClient): void {
    this.#clients.delete(client)
    this.#closing.delete(client)
    const index = this.#idle.findIndex((idle) => idle.client === client)
    if (index !== -1) {
      this.#idle.splice(index, 1)
      // The next request opens a new session.
      this.#options.log.warn({ error: toLogFields(client.failure) }, 'idle database connection lost')
    }
    if (this.#isAtRest) this.#ended?.()
    this.#options.budget.closed()
  }
}

function end(request: Request): void {
  request.isClosed = true
  request.timer?.cancel()
  request.deadline.removeEventListener('abort', request.abort)
}

function noConnection(reason: NoConnection['reason']): unknown {
  return markDriverError(new NoConnection(reason))
}
