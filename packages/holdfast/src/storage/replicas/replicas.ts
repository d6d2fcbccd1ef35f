import type { Check } from '../../kernel/service/check.ts'
import type { Clock, Timer } from '../../kernel/base/clock.ts'
import { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import type { Logger } from '../../kernel/base/log.ts'
import { systemWork } from '../../kernel/host/work.ts'
import type { Pool } from '../postgres/pool/pool.ts'
import { parsePosition } from './log-position.ts'
import { PrimaryHistory } from './primary-history.ts'
import { answerTimeoutMs, Replica, type ReplicaParts } from './replica.ts'
import { withConnection } from '../postgres/pool/with-connection.ts'

/** Dependencies of {@link Replicas}. */
export interface ReplicasParts extends Omit<ReplicaParts, 'connectionString' | 'openPool'> {
  readonly urls: readonly string[]
  /** Creates the pool for the replica at the given URL. */
  readonly openPool: (options: { readonly connectionString: string; readonly isPooled: boolean }) => Pool
  /** A pool for the primary, not shared with calls. */
  readonly primary: Pool
  readonly clock: Clock
  readonly log: Logger
  /** Max lag of a replica that serves reads, in milliseconds. */
  readonly maxLagMs: number
}

interface PrimaryRow {
  readonly position: string
  readonly system: string
}

const everyMs = 200

/** The replicas of a database. Checks repeatedly which of them can serve reads. */
export class Replicas {
  readonly #parts: ReplicasParts
  readonly #replicas: readonly Replica[]
  readonly #history: PrimaryHistory
  readonly #closing = new AbortController()
  /** Replicas whose check is still running. */
  readonly #asked = new Map<Replica, Promise<void>>()
  #next = 0
  #timer: Timer | undefined
  #looking: Promise<void>

  constructor(parts: ReplicasParts) {
    this.#parts = parts
    const { urls, currentUrl, log, hasTenants, openPool } = parts
    this.#replicas = urls.map(
      (connectionString) =>
        new Replica({
          connectionString,
          currentUrl,
          log,
          hasTenants,
          openPool: (options) => openPool({ connectionString, ...options }),
        }),
    )
    // The history is longer than needed, so that it always contains an old enough sample.
    this.#history = new PrimaryHistory(parts.maxLagMs + 10 * everyMs)
    this.#looking = this.#look()
  }

  /**
   * Returns a replica that has reached a position, round-robin; `undefined` if no replica has
   * reached it. Reads with an invalid position go to the primary.
   */
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

  /**
   * The health check that fails unless all replicas serve reads. It is not required for readiness,
   * because the primary serves the reads that replicas cannot serve.
   */
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
      for (const replica of this.#replicas) this.#evaluate(replica, system, askedMs)
    } catch (error) {
      if (this.#closing.signal.aborted) return
      // The failure is logged once per replica, with the reason. The reason may be permanent, such
      // as a missing privilege.
      for (const replica of this.#replicas)
        replica.exclude("could not read the primary's WAL position", error)
    }
    if (this.#closing.signal.aborted) return
    this.#timer = clock.after(everyMs, () => {
      this.#looking = this.#look()
    })
  }

  async #askPrimary(): Promise<PrimaryRow> {
    const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(answerTimeoutMs)])
    const { rows } = await withConnection(this.#parts.primary, systemWork(signal), (connection) =>
      connection.run<PrimaryRow>({
        name: 'holdfast_primary_position',
        // Replicas only receive flushed data, so unflushed data does not count as lag.
        text: `select pg_current_wal_flush_lsn()::text as position,
          (select system_identifier::text from pg_control_system()) as system`,
      }),
    )
    return rows[0]!
  }

  /**
   * Checks a replica, unless its last check is still running. A hanging replica must not delay the
   * checks of other replicas.
   */
  #evaluate(replica: Replica, system: string, nowMs: number): void {
    if (this.#asked.has(replica)) return
    const excluded = replica.look(system).then((replayed) => {
      this.#asked.delete(replica)
      if (replayed === undefined) return
      const reachedMs = this.#history.reachedMs(replayed)
      const { maxLagMs } = this.#parts
      if (reachedMs !== undefined && nowMs - reachedMs <= maxLagMs) replica.include()
      else replica.exclude(`it is more than ${maxLagMs} ms behind`)
    })
    this.#asked.set(replica, excluded)
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
