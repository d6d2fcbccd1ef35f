import { randomUUID } from 'node:crypto'
import type { Clock } from '../../kernel/clock.ts'
import { type Duty, startDuty } from '../../kernel/duty.ts'
import { toLogFields, type Logger } from '../../kernel/log.ts'
import { ownWork } from '../../kernel/work.ts'
import type { Pool } from '../../postgres/pool.ts'
import { withConnection } from '../../postgres/with-connection.ts'
import type { Waker } from '../waker.ts'
import { campaign, type CampaignRow, resign } from './queries/campaign.ts'

// Elects one process per service for the work that one process can do for all: promotion, admission, rescue,
// pruning, schedules, dispatching.
//
//   candidate ─ campaign ─▶ holdfast.service_leaders ◀─ campaign (renews) ─ leader
//
// - The lease is a row, judged by the clock of the database. Its holder renews it every `renewMs` from the
//   main thread: a process whose event loop is blocked loses it.
// - A holder leads only while the lease holds by its own monotonic clock too, counted from before the
//   renewal was sent. So a process that was stopped begins nothing when it goes on.
// - A candidate looks again when the lease ends. A holder that stops resigns, and wakes the others. A holder
//   that was killed leaves no session: the next candidate that looks takes over at once.
// - Two processes may lead for a moment: a statement that was sent in time may run late. So each duty has to be
//   safe in two processes at once. None relies on the term, which is for people; the statements themselves are
//   idempotent or lock what they change (see leader-duties.ts).
// - A process does what the leader does not know: a schedule or limit of another version of the program.

/** How long a lease holds after a renewal, in milliseconds: work stands still for so long at most if the leader hangs. */
export const leadLeaseMs = 6_000

const renewMs = 2_000
// Two attempts fit into what is left of a lease when a renewal is due.
const retryMs = 1_000
const timeoutMs = 1_500
// Candidates that saw the same lease look one after the other.
const jitterMs = 200

/** Dependencies of {@link startLeadership}. */
export interface LeadershipParts {
  readonly service: string
  readonly pool: Pool
  readonly clock: Clock
  readonly log: Logger
  readonly waker: Waker
  /** What this process does if it leads, by names that are the same in all processes. */
  readonly covers: readonly string[]
  /** Called when this process has to do something that it did not have to do before. */
  readonly onDuty: () => void
}

/** The part of a process in the election of its service. */
export interface Leadership {
  /** Whether this process leads its service. */
  readonly leads: boolean
  /** Returns whether something is to be done by this process: it leads, or the leader does not know it. */
  hasDuty(name: string): boolean
  /** Takes no further part. A leader resigns: another process leads at once. */
  stop(): Promise<void>
}

/** Starts to campaign for the lead of a service. */
export function startLeadership(parts: LeadershipParts): Leadership {
  return new Campaign(parts)
}

class Campaign implements Leadership {
  readonly #parts: LeadershipParts
  readonly #holder = randomUUID()
  readonly #duty: Duty
  readonly #unlisten: () => void
  #leadsUntilMs = -Infinity
  #term: string | undefined
  /** What another leader does; `undefined` while none is known. */
  #othersCover: ReadonlySet<string> | undefined

  constructor(parts: LeadershipParts) {
    this.#parts = parts
    const { service, waker, clock, log } = parts
    this.#duty = startDuty({
      failure: 'campaigning for the lead of the service failed',
      clock,
      log,
      everyMs: leadLeaseMs + jitterMs,
      retryMs,
      work: () => this.#campaign(),
    })
    this.#unlisten = waker.listen({
      wake: (wake) => {
        if (wake.kind === 'leaderless' && wake.service === service) this.#look()
      },
      look: () => this.#look(),
    })
  }

  get leads(): boolean {
    return this.#parts.clock.monotonicMs() < this.#leadsUntilMs
  }

  hasDuty(name: string): boolean {
    return this.leads || this.#othersCover?.has(name) === false
  }

  async stop(): Promise<void> {
    this.#unlisten()
    await this.#duty.stop()
    if (this.#term === undefined) return
    this.#lose()
    const { service, waker, log } = this.#parts
    try {
      await this.#run((connection) => connection.run(resign(service, this.#holder)))
      waker.send('leaderless', [])
    } catch (error) {
      log.debug({ error: toLogFields(error) }, 'the lease could not be handed over; it ends by itself')
    }
  }

  #look(): void {
    if (!this.leads) this.#duty.now()
  }

  async #campaign(): Promise<number | undefined> {
    const { service, waker, clock, covers } = this.#parts
    const sentMs = clock.monotonicMs()
    let row: CampaignRow | undefined
    try {
      const candidate = {
        service,
        covers,
        holder: this.#holder,
        leaseMs: leadLeaseMs,
        session: waker.session,
      }
      const { rows } = await this.#run((connection) => connection.run<CampaignRow>(campaign(candidate)))
      row = rows[0]
    } catch (error) {
      if (!this.leads) throw error
      this.#parts.log.debug({ error: toLogFields(error) }, 'renewing the lease of the leader failed')
      return retryMs
    }
    const { term = null, left_ms: leftMs = null, covers: theirs = null } = row ?? {}
    if (term !== null) {
      this.#win(term, sentMs)
      return renewMs
    }
    this.#follow(theirs ?? [])
    return Math.max(0, leftMs ?? retryMs) + Math.random() * jitterMs
  }

  #win(term: string, sentMs: number): void {
    const isNew = !this.leads
    this.#leadsUntilMs = sentMs + leadLeaseMs
    this.#othersCover = undefined
    if (this.#term !== term) this.#parts.log.info({ term: Number(term) }, 'this process leads its service')
    this.#term = term
    if (isNew) this.#parts.onDuty()
  }

  #follow(covers: readonly string[]): void {
    if (this.#term !== undefined)
      this.#parts.log.warn('another process leads the service: the lease had ended')
    this.#lose()
    const known = this.#othersCover
    this.#othersCover = new Set(covers)
    const isNew = (name: string): boolean => known?.has(name) !== false && !covers.includes(name)
    if (this.#parts.covers.some(isNew)) this.#parts.onDuty()
  }

  #lose(): void {
    this.#term = undefined
    this.#leadsUntilMs = -Infinity
  }

  #run<T>(use: Parameters<typeof withConnection<T>>[2]): Promise<T> {
    return withConnection(this.#parts.pool, ownWork(AbortSignal.timeout(timeoutMs)), use)
  }
}
