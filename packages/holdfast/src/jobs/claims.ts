import { toLogFields, type Logger } from '../kernel/log.ts'
import { ownWork } from '../kernel/work.ts'
import type { Connection } from '../postgres/connection.ts'
import type { Pool } from '../postgres/pool.ts'
import { withConnection } from '../postgres/with-connection.ts'
import { Backlog } from './backlog.ts'
import { coalesce } from './coalesce.ts'
import { claimJobs, type ClaimedRow } from './queries/claim-jobs.ts'
import { handBack, handBackUnknown } from './queries/hand-back.ts'
import type { RunningAttempts } from './running-attempts.ts'
import type { Slots } from './slots.ts'

/** What jobs are claimed with. */
export interface ClaimParts {
  /** The id of the worker that claims them. */
  readonly worker: string
  /** Where they run. */
  readonly slots: Slots
  readonly control: Pool
  readonly attempts: RunningAttempts
  readonly log: Logger
}

const patienceMs = 5_000

/** What a worker has claimed: it begins as many as there is room for, and gives back what it does not come to. */
export class Claims {
  readonly #parts: ClaimParts
  readonly #backlog: Backlog
  #isOver = false
  /** Whether it is time to look for jobs whose claim was carried out and never answered. */
  #isReckoningDue = false

  /** Claims as many jobs as there is room for, until there is no room or no job. Calls that come meanwhile are one. */
  readonly claim: () => Promise<void> = coalesce(() => this.#claim())

  constructor(parts: ClaimParts) {
    this.#parts = parts
    this.#backlog = new Backlog(parts.slots.count)
  }

  /** The names of the jobs that it claims. */
  get names(): readonly string[] {
    return this.#parts.slots.names
  }

  /** How many wait to begin. */
  get waiting(): number {
    return this.#backlog.length
  }

  async #claim(): Promise<void> {
    const { worker, slots } = this.#parts
    if (this.#isReckoningDue && !this.#isOver) await this.#giveBackUnknown()
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
      const { rows } = await this.#run((connection) =>
        connection.run<ClaimedRow>(claimJobs(worker, { names, room, reserved, busy })),
      )
      this.#backlog.add(rows)
      if (this.#isOver) await this.#giveBack(this.#backlog.clear())
      this.beginNext()
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

  /** Begins those of these ids, room or not. */
  beginAtOnce(ids: ReadonlySet<string>): void {
    for (const row of this.#backlog.takeOut(ids)) this.#begin(row)
  }

  /** The same as `claim`, for whoever does not wait for it. */
  claimSoon(): void {
    this.claim().catch((error: unknown) => {
      this.#parts.log.debug({ error: toLogFields(error) }, 'jobs could not be claimed')
    })
  }

  /** Has the next claim look for jobs whose claim was carried out and never answered. */
  reckonNext(): void {
    this.#isReckoningDue = true
  }

  /** Gives back what has waited for too long; gives whether there was any. */
  async giveBackStale(): Promise<boolean> {
    const stale = this.#backlog.takeStale()
    await this.#giveBack(stale)
    return stale.length > 0
  }

  /** Claims and begins no more. What a claim that is under way gets is given back. */
  end(): void {
    this.#isOver = true
  }

  /** Resolves when no claim is under way and all that did not begin was given back, which is only logged where it fails. */
  async close(): Promise<void> {
    this.end()
    const { log } = this.#parts
    await this.claim().catch((error: unknown) => {
      log.debug({ error: toLogFields(error) }, 'a claim that was under way at the end has failed')
    })
    await this.#giveBack(this.#backlog.clear()).catch((error: unknown) => {
      log.warn(
        { error: toLogFields(error) },
        'jobs that had not begun could not be handed back; others take them over in a while',
      )
    })
  }

  async #giveBack(rows: readonly ClaimedRow[]): Promise<void> {
    if (rows.length > 0) await this.#run((connection) => connection.run(handBack(rows)))
  }

  /** Nobody else takes what this worker has claimed, so it makes sure that it knows of all of it. Only while no claim is under way. */
  async #giveBackUnknown(): Promise<void> {
    const { worker, slots, attempts } = this.#parts
    const known = [...attempts.ids, ...this.#backlog.ids]
    await this.#run((connection) => connection.run(handBackUnknown(worker, slots.names, known)))
    this.#isReckoningDue = false
  }

  #run<T>(use: (connection: Connection) => Promise<T>): Promise<T> {
    return withConnection(this.#parts.control, ownWork(AbortSignal.timeout(patienceMs)), use)
  }
}
