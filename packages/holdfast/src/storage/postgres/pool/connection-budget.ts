/**
 * The connections that a process may open to one database, divided into lanes.
 *
 * Each kind of work has a lane: its own pool, whose sessions have specific settings. For example,
 * sessions of reads refuse to write, and the names of jobs' sessions identify the worker. The lanes
 * share the budget.
 *
 * ```
 *   budget 12 ┬ reserved: the heartbeat and the LISTEN connection
 *             ├ lane own     min 2 ┐
 *             ├ lane reads   min 1 │ a lane always gets its min; the rest of the budget goes to
 *             ├ lane writes  min 1 │ the lane that asks first, up to its max
 *             └ lane jobs    min 1 ┘
 * ```
 *
 * Invariants:
 * - Open and reserved sessions together never exceed the budget. A session counts from the start of
 *   its handshake until its socket has closed.
 * - A lane can always open its min: the other lanes leave room for these sessions. If a lane is
 *   added while other lanes use that room, the next sessions that they release are closed to make
 *   room.
 * - A lane gives up a session beyond its min only after the session has been idle for a second,
 *   so that mixed work does not keep opening and closing connections.
 */

/** The sessions of one lane, from the budget's point of view. */
export interface Lane {
  /** Sessions that the lane can always open, regardless of other lanes. */
  readonly min: number
  /** Max sessions of the lane. */
  readonly max: number
  /** Sessions that are open, opening or closing. */
  readonly open: number
  /** True if a request is waiting for a session. */
  readonly isWaiting: boolean
  /** Opens a session for the request that has waited longest. */
  openForWaiting(): void
  /**
   * Closes the session that has been idle longest, if it has been idle for at least `idleMs`.
   * Returns whether it closed a session.
   */
  closeIdle(idleMs: number): boolean
}

const checkEveryMs = 1_000
/** Idle time after which a session's slot may go to another lane, in milliseconds. */
const surplusIdleMs = 1_000
/** Max idle time of a session before it is closed, in milliseconds. */
const maxIdleMs = 10_000

/** A max number of connections, shared by several lanes. */
export class ConnectionBudget {
  readonly max: number
  readonly #lanes = new Set<Lane>()
  #reserved = 0
  /** True if a session is being closed to make room. */
  #isMakingRoom = false
  #timer: NodeJS.Timeout | undefined

  /** `max`: the total number of connections. */
  constructor(max: number) {
    this.max = max
  }

  /**
   * Adds a lane. Check first that the budget has room for its min: see
   * {@link ConnectionBudget.unassigned}.
   */
  add(lane: Lane): void {
    this.#lanes.add(lane)
    this.#timer ??= setInterval(() => this.#check(), checkEveryMs).unref()
  }

  /** Removes a lane whose sessions are all closed. */
  remove(lane: Lane): void {
    this.#lanes.delete(lane)
    if (this.#lanes.size === 0) {
      clearInterval(this.#timer)
      this.#timer = undefined
    }
    this.settle()
  }

  /** Reserves connections that belong to no lane. Returns a function that releases them. */
  reserve(count: number): () => void {
    this.#reserved += count
    return () => {
      this.#reserved -= count
      this.settle()
    }
  }

  /** The number of connections that are neither reserved nor needed for the min of a lane. */
  get unassigned(): number {
    let unassigned = this.max - this.#reserved
    for (const { min } of this.#lanes) unassigned -= min
    return unassigned
  }

  /** Returns whether a lane may open a session now. */
  mayOpen(lane: Lane): boolean {
    if (lane.open >= lane.max) return false
    let used = this.#reserved
    for (const other of this.#lanes) used += other === lane ? other.open : Math.max(other.open, other.min)
    return used < this.max
  }

  /**
   * Returns whether the lane must close a session that it does not need, because a waiting lane has
   * fewer sessions than its min.
   */
  isOwed(lane: Lane): boolean {
    if (lane.open <= lane.min) return false
    for (const other of this.#lanes) {
      if (other !== lane && other.isWaiting && other.open < other.min && !this.mayOpen(other)) return true
    }
    return false
  }

  /** Called when the socket of a session has closed. */
  closed(): void {
    this.#isMakingRoom = false
    this.settle()
  }

  /**
   * Opens sessions for waiting lanes while the budget allows more sessions. If a lane still waits,
   * closes an idle session of another lane to make room.
   */
  settle(): void {
    for (const lane of this.#lanes) {
      while (lane.isWaiting && this.mayOpen(lane)) lane.openForWaiting()
      // A closing session counts toward the budget until its socket has closed. Then this method is
      // called again.
      if (lane.isWaiting && lane.open < lane.max && !this.#isMakingRoom) {
        this.#makeRoom(lane, lane.open < lane.min ? 0 : surplusIdleMs)
      }
    }
  }

  #makeRoom(lane: Lane, idleMs: number): void {
    for (const other of this.#lanes) {
      if (other !== lane && other.open > other.min && other.closeIdle(idleMs)) {
        this.#isMakingRoom = true
        return
      }
    }
  }

  #check(): void {
    for (const lane of this.#lanes) while (lane.closeIdle(maxIdleMs));
    this.settle()
  }
}
