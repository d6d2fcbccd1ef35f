import { toLogFields, type Logger } from '../../../kernel/base/log.ts'
import { limitedWork } from '../../../kernel/host/work.ts'
import type { Connection } from '../../../storage/postgres/session/connection.ts'
import type { Pool } from '../../../storage/postgres/pool/pool.ts'
import { withConnection } from '../../../storage/postgres/pool/with-connection.ts'
import { Backlog } from './backlog.ts'
import { ClaimBounds } from './claim-bounds.ts'
import { coalesce } from './coalesce.ts'
import { type ClaimedRow, claimJobs, releaseClaims, releaseUnknownClaims } from '../queries/claim.ts'
import type { PostgresAttempts } from '../attempt/postgres-attempts.ts'
import type { Slots } from './slots.ts'

/** Dependencies of {@link Claims}. */
export interface ClaimParts {
  readonly service: string
  /** The id of the worker that claims. */
  readonly worker: string
  /** The slots that the jobs run in. */
  readonly slots: Slots
  readonly control: Pool
  readonly attempts: PostgresAttempts
  readonly log: Logger
  /** Called when a claim of {@link Claims.claimSoon} has failed. */
  readonly onFailed: () => void
}

const limitMs = 5_000
// A statement without a reply may still be executed until its timeout has passed.
const unclearMs = 2 * limitMs
const reconcileEveryMs = 500

/**
 * The jobs that a worker has claimed. Starts as many jobs as there are free slots, and releases
 * jobs that have waited too long.
 */
export class Claims {
  readonly #parts: ClaimParts
  readonly #backlog: Backlog
  readonly #bounds: ClaimBounds
  #isOver = false
  /** Until this time, claims without a reply may still be executed. */
  #unclearUntilMs = -Infinity
  #reconciledMs = -Infinity

  /**
   * Claims jobs until no free slot or no job is left. Calls made during a claim are merged into
   * one.
   */
  readonly claim: () => Promise<void> = coalesce(() => this.#claim())

  constructor(parts: ClaimParts) {
    this.#parts = parts
    this.#backlog = new Backlog(parts.slots.count)
    this.#bounds = new ClaimBounds(parts.slots)
  }

  /** The names of the jobs to claim. */
  get names(): readonly string[] {
    return this.#parts.slots.names
  }

  /** True if another job could start. */
  get hasRoom(): boolean {
    return this.#parts.slots.free > 0
  }

  /** True if the database may have executed claims whose reply was lost. */
  get isUnclear(): boolean {
    return this.#reconciledMs < this.#unclearUntilMs
  }

  /** The number of claimed jobs that have not started. */
  get waiting(): number {
    return this.#backlog.length
  }

  async #claim(): Promise<void> {
    const { service, worker, slots } = this.#parts
    if (!this.#isOver) await this.#releaseUnknownClaims()
    let hasLookedForFirsts = false
    for (;;) {
      this.beginNext()
      if (this.#isOver) return
      const room = Math.max(0, this.#backlog.wanted(slots.free))
      const reserved: number = hasLookedForFirsts ? 0 : slots.freeReserved
      const { busy } = slots
      // A busy name without shares cannot use a reserved slot. The claim leaves it out, since it
      // may have very many jobs.
      const names =
        room > 0 || slots.hasShares ? slots.names : slots.names.filter((name) => !busy.includes(name))
      if (room + reserved === 0 || names.length === 0) return
      const segments = this.#bounds.segments(names, performance.now())
      const { rows } = await this.#run((connection) =>
        connection.run<ClaimedRow>(claimJobs(worker, { service, segments, room, reserved, busy })),
      )
      this.#bounds.claimed(rows, performance.now())
      this.#backlog.add(rows)
      if (this.#isOver) await this.#release(this.#backlog.clear())
      this.beginNext()
      if (rows.length === 0 && this.#bounds.sweepInstead(performance.now())) continue
      if (rows.length === 0 || rows.length < room) return
      // This claim has found the first job of every name, so the next claim need not search for
      // them. With shares, the next claim searches again, because the first job of a share may be
      // behind many other jobs.
      hasLookedForFirsts ||= reserved > 0 && !slots.hasShares
    }
  }

  /** Starts claimed jobs while there are free slots. */
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

  /**
   * Frees the slot of a job that has ended. Records the job's duration, which determines how many
   * jobs are claimed ahead.
   */
  ended(row: ClaimedRow, durationMs: number): void {
    this.#parts.slots.end(row)
    this.#backlog.observe(durationMs)
  }

  /** Starts the jobs with these claim keys even if no slot is free. */
  beginAtOnce(keys: ReadonlySet<string>): void {
    for (const row of this.#backlog.takeOut(keys)) this.#begin(row)
  }

  /** Like `claim`, without a promise: a failure is logged and reported to `onFailed`. */
  claimSoon(): void {
    this.claim().catch((error: unknown) => {
      this.#parts.log.debug({ error: toLogFields(error) }, 'claiming jobs failed')
      if (!this.#isOver) this.#parts.onFailed()
    })
  }

  /** Releases jobs that have waited too long. Resolves to their names. */
  async releaseStale(): Promise<readonly string[]> {
    const stale = this.#backlog.takeStale()
    await this.#release(stale)
    return stale.map(({ name }) => name)
  }

  /** Stops claiming and starting jobs. Jobs of a claim in progress are released. */
  end(): void {
    this.#isOver = true
  }

  /**
   * Waits for a claim in progress and releases all jobs that have not started. Resolves to their
   * names; a failure is only logged.
   */
  async close(): Promise<readonly string[]> {
    this.end()
    const { log } = this.#parts
    await this.claim().catch((error: unknown) => {
      log.debug({ error: toLogFields(error) }, 'claim failed during shutdown')
    })
    const waiting = this.#backlog.clear()
    await this.#release(waiting).catch((error: unknown) => {
      log.warn(
        { error: toLogFields(error) },
        'could not release claimed jobs; other workers rescue them later',
      )
    })
    return waiting.map(({ name }) => name)
  }

  /** Makes the next claim a sweep, since jobs were released or rescued. */
  sweepNext(): void {
    this.#bounds.sweepNext()
  }

  async #release(rows: readonly ClaimedRow[]): Promise<void> {
    if (rows.length === 0) return
    this.sweepNext()
    await this.#run((connection) => connection.run(releaseClaims(rows)))
  }

  /**
   * Releases jobs that this worker has claimed without receiving the reply. No other worker would
   * rescue these jobs while this worker lives. Runs only while no claim is in progress, and only
   * for a while after a claim with an unknown outcome.
   */
  async #releaseUnknownClaims(): Promise<void> {
    const nowMs = performance.now()
    if (this.#reconciledMs >= this.#unclearUntilMs || nowMs - this.#reconciledMs < reconcileEveryMs) return
    const { worker, slots, attempts, log } = this.#parts
    const known = [...attempts.claims, ...this.#backlog.claims]
    const { rowCount } = await this.#run((connection) =>
      connection.run(releaseUnknownClaims(worker, slots.names, known)),
    )
    this.#reconciledMs = nowMs
    this.sweepNext()
    if (rowCount) log.debug({ jobs: rowCount }, 'released jobs whose claim was not answered')
  }

  async #run<T>(use: (connection: Connection) => Promise<T>): Promise<T> {
    try {
      return await withConnection(this.#parts.control, limitedWork(limitMs), use)
    } catch (error) {
      // After any failed claim or release, the database may hold claims that this worker does not
      // know of.
      this.#unclearUntilMs = performance.now() + unclearMs
      throw error
    }
  }
}
