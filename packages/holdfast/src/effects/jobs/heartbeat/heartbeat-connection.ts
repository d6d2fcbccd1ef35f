import { connectClient } from '../../../storage/postgres/session/connect-client.ts'
import type { DriverClient } from '../../../storage/postgres/session/driver-client.ts'
import { sendHeartbeat } from '../queries/workers.ts'

/** The destination of a worker's heartbeats. */
export interface HeartbeatTarget {
  /**
   * A `postgres://` URL. Bypasses the pooler if possible, since a pooler may make a heartbeat wait
   * for a free connection. Its user and password may change.
   */
  readonly connectionString: string
  /** True if the URL points to a pooler in transaction mode. */
  readonly isPooled: boolean
}

// Well below the lease, so that several heartbeats can fail before the lease ends.
const connectTimeout = '3s'
const answerTimeout = '3s'
const statementTimeoutMs = 2_000
const lockTimeoutMs = 1_000

const settings: Readonly<Record<string, string>> = {
  statement_timeout: `${statementTimeoutMs}`,
  lock_timeout: `${lockTimeoutMs}`,
  // The commit of a heartbeat waits neither for the disk nor for a standby. If a heartbeat is lost
  // in a crash, the next heartbeat replaces it.
  synchronous_commit: 'off',
  // The value is set explicitly, since a database or role may have a different default.
  default_transaction_read_only: 'off',
  default_transaction_isolation: 'read committed',
}

/**
 * The dedicated connection for the heartbeats of one worker. It reconnects after a failed
 * heartbeat.
 */
export class HeartbeatConnection {
  #target: HeartbeatTarget
  readonly #worker: string
  #client: Promise<DriverClient> | undefined
  /** True if the connection was opened to an earlier target. */
  #isOutdated = false

  constructor(target: HeartbeatTarget, worker: string) {
    this.#target = target
    this.#worker = worker
  }

  /** Sends a heartbeat. Resolves to `false` if the worker is not in the database. */
  async sendHeartbeat(): Promise<boolean> {
    if (this.#isOutdated) void this.end()
    try {
      const client = await (this.#client ??= this.#connect())
      return this.#target.isPooled ? await this.#beatInTransaction(client) : await this.#send(client)
    } catch (error) {
      // Not awaited, because closing may take long if the connection does not respond.
      void this.end()
      throw error
    }
  }

  /**
   * Connects to a changed target with the next heartbeat, because the server may drop the role of
   * the previous one.
   */
  changeTarget(target: HeartbeatTarget): void {
    this.#target = target
    this.#isOutdated = true
  }

  /** Closes the connection. Never rejects. */
  async end(): Promise<void> {
    const ended = this.#client
    this.#client = undefined
    await ended?.then((client) => client.end()).catch(() => {})
  }

  #connect(): Promise<DriverClient> {
    const { connectionString, isPooled } = this.#target
    this.#isOutdated = false
    return connectClient({
      connectionString,
      applicationName: 'holdfast (heartbeat)',
      timeout: connectTimeout,
      queryTimeout: answerTimeout,
      ...(isPooled ? {} : { sessionSettings: settings }),
    })
  }

  async #send(client: DriverClient): Promise<boolean> {
    const { text, values = [] } = sendHeartbeat(this.#worker)
    const { rowCount } = await client.query(text, [...values])
    return (rowCount ?? 0) > 0
  }

  /** Sends a heartbeat through a pooler, which does not support session settings. */
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
