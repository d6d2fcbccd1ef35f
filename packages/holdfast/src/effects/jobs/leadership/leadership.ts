import { randomUUID } from 'node:crypto'
import { betweenMs } from '../../../kernel/base/backoff.ts'
import type { Clock } from '../../../kernel/base/clock.ts'
import { type RecurringTask, startRecurringTask } from '../../../kernel/base/recurring-task.ts'
import { toLogFields, type Logger } from '../../../kernel/base/log.ts'
import { limitedWork } from '../../../kernel/host/work.ts'
import type { Pool } from '../../../storage/postgres/pool/pool.ts'
import { withConnection } from '../../../storage/postgres/pool/with-connection.ts'
import type { Waker } from '../../wakes/waker.ts'
import { campaign, type CampaignRow, resign } from './queries/campaign.ts'

// Elects one process per service for the work that only one process has to do: promotion,
// admission, rescue, pruning, schedules, dispatching.
//
//   candidate ─ campaign ─▶ holdfast.service_leaders ◀─ campaign (renews) ─ leader
//
// - The lease is a row whose expiry is compared with the database's clock. The leader renews it
//   every `renewMs` from the main thread: a process whose event loop is blocked loses the lease.
// - A process leads only while the lease is also valid according to its own monotonic clock. By
//   this clock, the lease begins just before its renewal is sent. So a process that was stopped
//   starts nothing when it continues.
// - A candidate checks again when the lease ends. A leader that is stopping resigns, and wakes the
//   candidates. A killed leader leaves no session, so the next candidate that checks becomes the
//   leader immediately.
// - Two processes may lead for a moment: a statement that was sent in time may be executed late. So
//   each task must be safe if two processes run it at the same time. No task relies on the term,
//   which is informational; the statements are idempotent or lock what they change (see
//   leader-tasks.ts).
// - If the leader does not have a task, any process that has the task runs it. For example, another
// version of the program has different schedules and limits.

/**
 * Duration of a lease after a renewal, in milliseconds. If the leader hangs, its tasks stop for at
 * most this time.
 */
export const leadLeaseMs = 6_000

const renewMs = 2_000
// When a renewal is due, the remaining lease allows for two attempts.
const retryMs = 1_000
const timeoutMs = 1_500
// Spreads out the checks of candidates that wait for the same lease to end.
const jitterMs = 200

/** Dependencies of {@link startLeadership}. */
export interface LeadershipParts {
  readonly service: string
  readonly pool: Pool
  readonly clock: Clock
  readonly log: Logger
  readonly waker: Waker
  /**
   * Names of the tasks that this process runs if it leads. A task has the same name in all
   * processes.
   */
  readonly covers: readonly string[]
  /** Called when this process gets an additional task. */
  readonly onElected: () => void
}

/** A process's membership in the leader election of its service. */
export interface Leadership {
  /** True if this process leads its service. */
  readonly leads: boolean
  /**
   * Returns true if this process has a task, because it leads or because the leader does not have
   * the task.
   */
  isLeader(name: string): boolean
  /** Leaves the election. A leader resigns, so that another process can lead immediately. */
  stop(): Promise<void>
}

/** Joins the leader election of a service. */
export function startLeadership(parts: LeadershipParts): Leadership {
  return new Campaign(parts)
}

class Campaign implements Leadership {
  readonly #parts: LeadershipParts
  readonly #holder = randomUUID()
  readonly #task: RecurringTask
  readonly #unlisten: () => void
  #leadsUntilMs = -Infinity
  #term: string | undefined
  /** The tasks of the leader if it is another process; `undefined` if no such leader is known. */
  #othersCover: ReadonlySet<string> | undefined

  constructor(parts: LeadershipParts) {
    this.#parts = parts
    const { service, waker, clock, log } = parts
    this.#task = startRecurringTask({
      failure: 'leader election failed',
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

  isLeader(name: string): boolean {
    return this.leads || this.#othersCover?.has(name) === false
  }

  async stop(): Promise<void> {
    this.#unlisten()
    await this.#task.stop()
    if (this.#term === undefined) return
    this.#lose()
    const { service, waker, log } = this.#parts
    try {
      await this.#run((connection) => connection.run(resign(service, this.#holder)))
      waker.send('leaderless', [])
    } catch (error) {
      log.debug({ error: toLogFields(error) }, 'releasing the leader lease failed; it will expire')
    }
  }

  #look(): void {
    if (!this.leads) this.#task.now()
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
      this.#parts.log.debug({ error: toLogFields(error) }, 'renewing the leader lease failed')
      return retryMs
    }
    const { term = null, left_ms: leftMs = null, covers: theirs = null } = row ?? {}
    if (term !== null) {
      this.#win(term, sentMs)
      return renewMs
    }
    this.#follow(theirs ?? [])
    return Math.max(0, leftMs ?? retryMs) + betweenMs(0, jitterMs)
  }

  #win(term: string, sentMs: number): void {
    const isNew = !this.leads
    this.#leadsUntilMs = sentMs + leadLeaseMs
    this.#othersCover = undefined
    if (this.#term !== term)
      this.#parts.log.info({ term: Number(term) }, 'process became the leader of its service')
    this.#term = term
    if (isNew) this.#parts.onElected()
  }

  #follow(covers: readonly string[]): void {
    if (this.#term !== undefined) this.#parts.log.warn('leadership lost: the lease had expired')
    this.#lose()
    const known = this.#othersCover
    this.#othersCover = new Set(covers)
    const isNew = (name: string): boolean => known?.has(name) !== false && !covers.includes(name)
    if (this.#parts.covers.some(isNew)) this.#parts.onElected()
  }

  #lose(): void {
    this.#term = undefined
    this.#leadsUntilMs = -Infinity
  }

  #run<T>(use: Parameters<typeof withConnection<T>>[2]): Promise<T> {
    return withConnection(this.#parts.pool, limitedWork(timeoutMs), use)
  }
}
