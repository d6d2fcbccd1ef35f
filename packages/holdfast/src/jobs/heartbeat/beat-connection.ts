import { connectClient } from '../../postgres/connect-client.ts'
import type { DriverClient } from '../../postgres/driver-client.ts'
import { beat } from '../queries/beat.ts'

/** Where the heartbeats of a worker go. */
export interface BeatTarget {
  /** A `postgres://` URL; of Postgres itself if there is one, since a pooler may have the heartbeat wait for a free connection. */
  readonly connectionString: string
  /** Whether it leads to a pooler in transaction mode. */
  readonly isPooled: boolean
}

// All well below a lease, so that several heartbeats can fail before it ends.
const connectTimeoutMs = 3_000
const answerTimeoutMs = 3_000
const statementTimeoutMs = 2_000
const lockTimeoutMs = 1_000

const settings: Readonly<Record<string, string>> = {
  statement_timeout: `${statementTimeoutMs}`,
  lock_timeout: `${lockTimeoutMs}`,
  // The commit of a heartbeat waits neither for the disk nor for a standby. One that is lost in a crash is sent again.
  synchronous_commit: 'off',
  // Stated, since a database or a role may have other defaults.
  default_transaction_read_only: 'off',
  default_transaction_isolation: 'read committed',
}

/** The connection that the heartbeats of one worker have to themselves. It connects again when a heartbeat has failed. */
export class BeatConnection {
  readonly #target: BeatTarget
  readonly #worker: string
  #client: Promise<DriverClient> | undefined

  constructor(target: BeatTarget, worker: string) {
    this.#target = target
    this.#worker = worker
  }

  /** Sends a heartbeat. Resolves to `false` if the database does not have the worker. */
  async beat(): Promise<boolean> {
    try {
      const client = await (this.#client ??= this.#connect())
      return this.#target.isPooled ? await this.#beatInTransaction(client) : await this.#send(client)
    } catch (error) {
      // Not waited for: a connection that does not answer may take long to close.
      void this.end()
      throw error
    }
  }

  /** Closes the connection. Never rejects. */
  async end(): Promise<void> {
    const ended = this.#client
    this.#client = undefined
    await ended?.then((client) => client.end()).catch(() => {})
  }

  #connect(): Promise<DriverClient> {
    const { connectionString, isPooled } = this.#target
    return connectClient({
      connectionString,
      applicationName: 'holdfast (heartbeat)',
      timeoutMs: connectTimeoutMs,
      queryTimeoutMs: answerTimeoutMs,
      ...(isPooled ? {} : { sessionSettings: settings }),
    })
  }

  async #send(client: DriverClient): Promise<boolean> {
    const { text, values = [] } = beat(this.#worker)
    const { rowCount } = await client.query(text, [...values])
    return (rowCount ?? 0) > 0
  }

  /** Sends it through a pooler, whose sessions take no settings. */
  async #beatInTransaction(client: DriverClient): Promise<boolean> {
    const names = Object.keys(settings).filter((name) => !name.startsWith('default_'))
    await client.query('begin isolation level read committed read write')
    await client.query(
      `select ${names.map((name) => `set_config('${name}', '${settings[name]}', true)`).join(', ')}`,
    )
    const isKnown = await this.#send(client)
    await client.query('commit')
    return isKnown
  }
}
