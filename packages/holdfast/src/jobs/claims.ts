import { toLogFields, type Logger } from '../kernel/log.ts'
import { ownWork } from '../kernel/work.ts'
import type { Connection } from '../postgres/connection.ts'
import type { Pool } from '../postgres/pool.ts'
import { withConnection } from '../postgres/with-connection.ts'
import { Backlog } from './backlog.ts'
import { ClaimBounds } from './claim-bounds.ts'
import { coalesce } from './coalesce.ts'
import { claimJobs, type ClaimedRow } from './queries/claim-jobs.ts'
import { handBack, handBackUnknown } from './queries/hand-back.ts'
import type { RunningAttempts } from './running-attempts.ts'
import type { Slots } from './slots.ts'

/** Dependencies of {@link Claims}. */
export interface ClaimParts {
  readonly service: string
  /** The id of the worker that claims them. */
  readonly worker: string
  /** The slots in which they run. */
  readonly slots: Slots
  readonly control: Pool
  readonly attempts: RunningAttempts
  readonly log: Logger
  /** Called when a claim failed that nothing waited for. */
  readonly onFailed: () => void
}

const limitMs = 5_000
// A statement whose answer was lost may be carried out up to its timeout later.
const unclearMs = 2 * limitMs
const reckonEveryMs = 500

/** What a worker has claimed: it begins as many as there is room for, and gives back what it does not come to. */
export class Claims {
  readonly #parts: ClaimParts
  readonly #backlog: Backlog
  readonly #bounds: ClaimBounds
  #isOver = false
  /** Until when claims may turn up that were carried out and never answered. */
  #unclearUntilMs = -Infinity
  #reckonedMs = -Infinity

  /** Claims as many jobs as there is room for, until there is no room or no job. Calls that come meanwhile are one. */
  readonly claim: () => Promise<void> = coalesce(() => this.#claim())

  constructor(parts: ClaimParts) {
    this.#parts = parts
    this.#backlog = new Backlog(parts.slots.count)
    this.#bounds = new ClaimBounds(parts.slots)
  }

  /** The names of the jobs that it claims. */
  get names(): readonly string[] {
    return this.#parts.slots.names
  }

  /** Whether another job could begin. */
  get hasRoom(): boolean {
    return this.#parts.slots.free > 0
  }

  /** Whether claims may turn up that were never answered. */
  get isUnclear(): boolean {
    return this.#reckonedMs < this.#unclearUntilMs
  }

  /** How many wait to begin. */
  get waiting(): number {
    return this.#backlog.length
  }

  async #claim(): Promise<void> {
    const { service, worker, slots } = this.#parts
    if (!this.#isOver) await this.#giveBackUnknown()
    let hasLookedForFirsts = false
    for (;;) {
      this.beginNext()
      if (this.#isOver) return
      const room = Math.max(0, this.#backlog.wanted(slots.free))
      const reserved: number = hasLookedForFirsts ? 0 : slots.freeReserved
      const { busy } = slots
      // Of a name that is busy and a share by itself, nothing is looked for in vain: there may be very many of them.
      const names =
        room > 0 || slots.hasShares ? slots.names : slots.names.filter((name) => !busy.includes(name))
      if (room + reserved === 0 || names.length === 0) return
      const segments = this.#bounds.segments(names, performance.now())
      const { rows } = await this.#run((connection) =>
        connection.run<ClaimedRow>(claimJobs(worker, { service, segments, room, reserved, busy })),
      )
      this.#bounds.claimed(rows, performance.now())
      this.#backlog.add(rows)
      if (this.#isOver) await this.#giveBack(this.#backlog.clear())
      this.beginNext()
      if (rows.length === 0 && this.#bounds.sweepInstead(performance.now())) continue
      if (rows.length === 0 || rows.length < room) return
      // The first ones of all names were among them; those of shares may come behind many others.
      hasLookedForFirsts ||= reserved > 0 && !slots.hasShares
    }
  }

  /** Begins what was claimed, as far as there is room. */
  beginNext(): void {
    while (!this.#isOver) {
      const row = this.#backlog.take((next) => this.#parts.slots.canBegin(next))
      if (!row) return
      this.#begin(row)
    }
  }

  #begin(row: ClaimedRow): void {
    this.#parts.slots.begin(row)
    this.#parts.attempts.begin(row)
  }

  /** Frees the slot of one that has ended, and takes notice of how long it took, which tells how many to claim ahead. */
  ended(row: ClaimedRow, durationMs: number): void {
    this.#parts.slots.end(row)
    this.#backlog.observe(durationMs)
  }

  /** Begins those with these keys, whether or not there is a free slot. */
  beginAtOnce(keys: ReadonlySet<string>): void {
    for (const row of this.#backlog.takeOut(keys)) this.#begin(row)
  }

  /** The same as `claim`, for whoever does not wait for it. */
  claimSoon(): void {
    this.claim().catch((error: unknown) => {
      this.#parts.log.debug({ error: toLogFields(error) }, 'jobs could not be claimed')
      if (!this.#isOver) this.#parts.onFailed()
    })
  }

  /** Gives back what has waited for too long, and returns its names. */
  async giveBackStale(): Promise<readonly string[]> {
    const stale = this.#backlog.takeStale()
    await this.#giveBack(stale)
    return stale.map(({ name }) => name)
  }

  /** Claims and begins no more. What a claim that is under way gets is given back. */
  end(): void {
    this.#isOver = true
  }

  /** Resolves, to their names, when no claim is under way and all that did not begin were given back; a failure is only logged. */
  async close(): Promise<readonly string[]> {
    this.end()
    const { log } = this.#parts
    await this.claim().catch((error: unknown) => {
      log.debug({ error: toLogFields(error) }, 'a claim that was under way at the end has failed')
    })
    const waiting = this.#backlog.clear()
    await this.#giveBack(waiting).catch((error: unknown) => {
      log.warn(
        { error: toLogFields(error) },
        'jobs that had not begun could not be handed back; others take them over in a while',
      )
    })
    return waiting.map(({ name }) => name)
  }

  /** Has the next claim look everywhere: jobs have been handed back, or rescued. */
  sweepNext(): void {
    this.#bounds.sweepNext()
  }

  async #giveBack(rows: readonly ClaimedRow[]): Promise<void> {
    if (rows.length === 0) return
    this.sweepNext()
    await this.#run((connection) => connection.run(handBack(rows)))
  }

  /**
   * Hands back jobs whose claim was carried out and never answered: no other worker rescues them while this one lives.
   * Only while no claim is under way, and only for a while after one whose outcome is unclear.
   */
  async #giveBackUnknown(): Promise<void> {
    const nowMs = performance.now()
    if (this.#reckonedMs >= this.#unclearUntilMs || nowMs - this.#reckonedMs < reckonEveryMs) return
    const { worker, slots, attempts, log } = this.#parts
    const known = [...attempts.claims, ...this.#backlog.claims]
    const { rowCount } = await this.#run((connection) =>
      connection.run(handBackUnknown(worker, slots.names, known)),
    )
    this.#reckonedMs = nowMs
    this.sweepNext()
    if (rowCount) log.debug({ jobs: rowCount }, 'jobs handed back whose claim was never answered')
  }

  async #run<T>(use: (connection: Connection) => Promise<T>): Promise<T> {
    try {
      return await withConnection(this.#parts.control, ownWork(AbortSignal.timeout(limitMs)), use)
    } catch (error) {
      // Whatever failed, a claim or a hand-back: the database may have jobs of this worker that it does not know of.
      this.#unclearUntilMs = performance.now() + unclearMs
      throw error
    }
  }
}
