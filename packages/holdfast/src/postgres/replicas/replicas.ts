import type { Check } from '../../kernel/check.ts'
import type { Clock, Timer } from '../../kernel/clock.ts'
import { HoldfastError } from '../../kernel/holdfast-error.ts'
import type { Logger } from '../../kernel/log.ts'
import { ownWork } from '../../kernel/work.ts'
import type { Pool } from '../pool.ts'
import { parsePosition } from './log-position.ts'
import { PrimaryHistory } from './primary-history.ts'
import { answerTimeoutMs, Replica, type ReplicaParts } from './replica.ts'
import { withConnection } from '../with-connection.ts'

/** What replicas are watched with. */
export interface ReplicasParts extends Omit<ReplicaParts, 'connectionString' | 'openPool'> {
  readonly urls: readonly string[]
  /** Makes the pool of the replica of an URL. */
  readonly openPool: (options: { readonly connectionString: string; readonly isPooled: boolean }) => Pool
  /** A connection to the primary that no call keeps waiting. */
  readonly primary: Pool
  readonly clock: Clock
  readonly log: Logger
  /** How far behind a replica may be and take reads, in milliseconds. */
  readonly maxLagMs: number
}

interface PrimaryRow {
  readonly position: string
  readonly system: string
}

const everyMs = 200

/** The replicas of a database: which of them may be read from is found out again and again. */
export class Replicas {
  readonly #parts: ReplicasParts
  readonly #replicas: readonly Replica[]
  readonly #history: PrimaryHistory
  readonly #closing = new AbortController()
  /** Those that have still to answer. */
  readonly #asked = new Map<Replica, Promise<void>>()
  #next = 0
  #timer: Timer | undefined
  #looking: Promise<void>

  constructor(parts: ReplicasParts) {
    this.#parts = parts
    const { urls, log, openPool } = parts
    this.#replicas = urls.map(
      (connectionString) =>
        new Replica({
          connectionString,
          log,
          openPool: (options) => openPool({ connectionString, ...options }),
        }),
    )
    // A sample more than what is asked for.
    this.#history = new PrimaryHistory(parts.maxLagMs + 10 * everyMs)
    this.#looking = this.#look()
  }

  /** One that has all of the log up to a position, in turn; `undefined` where none has. A position that is none has to be seen by the primary. */
  choose(position: string | undefined): Replica | undefined {
    const after = position === undefined ? undefined : parsePosition(position)
    if (position !== undefined && after === undefined) return undefined
    for (let tried = 0; tried < this.#replicas.length; tried += 1) {
      const replica = this.#replicas[this.#next % this.#replicas.length]!
      this.#next += 1
      if (replica.hasReached(after)) return replica
    }
    return undefined
  }

  /** Whether all of them take reads. Nothing is missing for those who ask where they do not: the primary answers. */
  get check(): Check {
    return {
      required: false,
      run: () => {
        const faults = this.#replicas.flatMap(({ name, fault }) =>
          fault === undefined ? [] : [`${name}: ${fault}`],
        )
        if (faults.length > 0) throw new HoldfastError('replica-left-out', faults.join('; '))
      },
    }
  }

  async #look(): Promise<void> {
    const { clock } = this.#parts
    try {
      const { position, system } = await this.#askPrimary()
      const askedMs = clock.monotonicMs()
      this.#history.note(parsePosition(position)!, askedMs)
      for (const replica of this.#replicas) this.#judge(replica, system, askedMs)
    } catch (error) {
      if (this.#closing.signal.aborted) return
      // Logged once for each replica, with the reason: it may be a missing privilege, which lasts.
      for (const replica of this.#replicas)
        replica.leaveOut('the primary did not answer how far its log is', error)
    }
    if (this.#closing.signal.aborted) return
    this.#timer = clock.after(everyMs, () => {
      this.#looking = this.#look()
    })
  }

  async #askPrimary(): Promise<PrimaryRow> {
    const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(answerTimeoutMs)])
    const { rows } = await withConnection(this.#parts.primary, ownWork(signal), (connection) =>
      connection.run<PrimaryRow>({
        name: 'holdfast_primary_position',
        // What is not flushed reaches no replica: none is behind for not having it.
        text: `select pg_current_wal_flush_lsn()::text as position,
          (select system_identifier::text from pg_control_system()) as system`,
      }),
    )
    return rows[0]!
  }

  /** Asks a replica how far it is, unless it has still to answer: one that hangs keeps nobody waiting for the others. */
  #judge(replica: Replica, system: string, nowMs: number): void {
    if (this.#asked.has(replica)) return
    const judged = replica.look(system).then((replayed) => {
      this.#asked.delete(replica)
      if (replayed === undefined) return
      const reachedMs = this.#history.reachedMs(replayed)
      const { maxLagMs } = this.#parts
      if (reachedMs !== undefined && nowMs - reachedMs <= maxLagMs) replica.takeIn()
      else replica.leaveOut(`it is more than ${maxLagMs} ms behind`)
    })
    this.#asked.set(replica, judged)
  }

  async close(): Promise<void> {
    this.#closing.abort()
    this.#timer?.cancel()
    await this.#looking
    this.#timer?.cancel()
    await Promise.all(this.#asked.values())
    await Promise.all(this.#replicas.map((replica) => replica.close()))
  }
}
