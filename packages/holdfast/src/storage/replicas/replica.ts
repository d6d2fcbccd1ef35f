import type pg from 'pg'
import { toLogFields, type Logger } from '../../kernel/base/log.ts'
import type { Work } from '../../kernel/host/work.ts'
import { connectClient } from '../postgres/session/connect-client.ts'
import type { Connection } from '../postgres/session/connection.ts'
import { requireDatabaseUrl, serverOf } from '../postgres/session/database-url.ts'
import { isPooled } from '../postgres/session/is-pooled.ts'
import type { Pool } from '../postgres/pool/pool.ts'
import { parsePosition } from './log-position.ts'

/** Dependencies of a {@link Replica}. */
export interface ReplicaParts {
  /** The URL at the start. */
  readonly connectionString: string
  /** Returns the URL to connect with now, for a URL that was in use at the start. */
  readonly currentUrl: (url: string) => string
  readonly log: Logger
  /** True if policies limit callers to the rows of their tenant. */
  readonly hasTenants: boolean
  readonly openPool: (options: { readonly isPooled: boolean }) => Pool
}

/** The state that a replica reports. */
interface ReplicaRow {
  readonly replayed: string | null
  readonly system: string
  /** True if no policy applies to the role of the replica's URL. */
  readonly bypasses: boolean
}

const applicationName = 'holdfast (replicas)'
/** Max time for a replica to report its position, in milliseconds. */
export const answerTimeoutMs: number = 1_000

/** A server that follows the primary, and serves reads while its lag is small enough. */
export class Replica {
  /** Host or socket directory, port and database, for logs. */
  readonly name: string
  readonly #parts: ReplicaParts
  /** The connections in use. Their number is limited by the pool's size. */
  readonly #reading: Connection[] = []
  #looking: pg.Client | undefined
  /** The URL that this client has connected with. */
  #lookingUrl: string | undefined
  #pool: Pool | undefined
  #replayed: bigint | undefined
  #fault: string | undefined = 'it has not been checked yet'
  #isClosed = false

  constructor(parts: ReplicaParts) {
    const url = requireDatabaseUrl(parts.connectionString)
    const { host, port } = serverOf(url)
    this.name = `${host}:${port}${url.pathname}`
    this.#parts = parts
  }

  /** The reason why the replica serves no reads; `undefined` if it serves reads. */
  get fault(): string | undefined {
    return this.#fault
  }

  /** Returns whether the replica can serve a read that must see the log up to a position. */
  hasReached(position: bigint | undefined): boolean {
    if (this.#fault !== undefined || this.#replayed === undefined) return false
    return position === undefined || this.#replayed >= position
  }

  /**
   * Reads the replica's position; `undefined` if it cannot be read or the server is not a replica
   * of the primary. In both cases, excludes the replica from reads. Never rejects.
   */
  async look(system: string): Promise<bigint | undefined> {
    let row: ReplicaRow
    try {
      row = await this.#ask()
    } catch (error) {
      const looking = this.#looking
      this.#looking = undefined
      looking?.end().catch(() => {})
      this.exclude('it does not respond', error)
      // Statements that are still unanswered may never be answered.
      for (const connection of this.#reading) connection.destroy()
      return undefined
    }
    const fault = faultOf(row, { system, hasTenants: this.#parts.hasTenants })
    if (fault !== undefined) {
      this.exclude(fault)
      return undefined
    }
    this.#replayed = parsePosition(row.replayed!)
    return this.#replayed
  }

  async #ask(): Promise<ReplicaRow> {
    const { connectionString, currentUrl, openPool } = this.#parts
    const url = currentUrl(connectionString)
    if (!this.#looking || this.#lookingUrl !== url) {
      const client = await connectClient({
        connectionString: url,
        applicationName,
        timeout: `${answerTimeoutMs}ms`,
        queryTimeout: `${answerTimeoutMs}ms`,
        isPooled: true,
      })
      // The server may drop the role of the previous URL.
      this.#looking?.end().catch(() => {})
      this.#looking = client
      this.#lookingUrl = url
      this.#pool ??= openPool({ isPooled: await isPooled(client) })
    }
    const { rows } = await this.#looking.query<ReplicaRow>(
      `select case when pg_is_in_recovery() then pg_last_wal_replay_lsn()::text end as replayed,
        (select system_identifier::text from pg_control_system()) as system,
        exists (
          select from pg_roles where (rolsuper or rolbypassrls) and pg_has_role(oid, 'member')
        ) as bypasses`,
    )
    return rows[0]!
  }

  /** Excludes the replica from reads until {@link Replica.include} is called. */
  exclude(fault: string, error?: unknown): void {
    const isNew = this.#fault !== fault
    this.#fault = fault
    if (!isNew || this.#isClosed) return
    this.#parts.log.warn(
      { replica: this.name, ...(error === undefined ? {} : { error: toLogFields(error) }) },
      `replica excluded from reads: ${fault}`,
    )
  }

  include(): void {
    if (this.#fault === undefined) return
    this.#fault = undefined
    this.#parts.log.info({ replica: this.name }, 'replica included in reads')
  }

  /** Takes a connection. Report its release with {@link Replica.released}. */
  async acquire(work: Work): Promise<Connection> {
    const connection = await this.#pool!.acquire(work)
    this.#reading.push(connection)
    return connection
  }

  /** Records that a connection was released. */
  released(connection: Connection): void {
    const last = this.#reading.pop()
    if (last !== undefined && last !== connection) this.#reading[this.#reading.indexOf(connection)] = last
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all([this.#looking?.end().catch(() => {}), this.#pool?.end()])
  }
}

interface PrimaryFacts {
  readonly system: string
  readonly hasTenants: boolean
}

function faultOf({ replayed, system, bypasses }: ReplicaRow, primary: PrimaryFacts): string | undefined {
  if (replayed === null) return 'it is not a replica: it does not follow another server'
  if (system !== primary.system) return 'it is a replica of another server'
  return primary.hasTenants && bypasses
    ? 'no policy applies to the role of its URL, so it would show the rows of all tenants; use the role of DATABASE_URL'
    : undefined
}
