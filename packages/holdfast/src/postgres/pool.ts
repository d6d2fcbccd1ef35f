import pg from 'pg'
import { untilAborted } from '../kernel/deadline.ts'
import { toLogFields, type Logger } from '../kernel/log.ts'
import { Connection } from './connection.ts'
import { markDriverError } from './sql-state.ts'

/** Options of {@link createPool}. */
export interface PoolOptions {
  readonly connectionString: string
  /** How many connections at most. Default 10. */
  readonly max?: number
  /** How long taking a connection may wait, in milliseconds. Default 2,000. */
  readonly acquireTimeoutMs?: number
  /** Whether its sessions refuse to write. Default false. */
  readonly isReadOnly?: boolean
  /** How the connections are called in `pg_stat_activity`. */
  readonly applicationName: string
  readonly log: Logger
}

/** The connections of one process to one database. */
export interface Pool {
  /** Takes a connection. Rejects with the signal's reason, or with the driver's error where none is to be had in time. */
  acquire(signal: AbortSignal): Promise<Connection>
  /** Closes all connections, once those that are taken have been given back. */
  end(): Promise<void>
}

// A backstop only: each call interrupts its statements at its own deadline.
const statementTimeoutMs = 60_000
// Postgres notices within this time that the client of a running statement is gone, and stops (from version 14).
const clientCheckMs = 1_000
const idleInTransactionTimeoutMs = 60_000
const keepAliveAfterMs = 10_000

/** Opens a pool; its connections are made as they are needed. */
export function createPool(options: PoolOptions): Pool {
  const settings = [
    `statement_timeout=${statementTimeoutMs}`,
    `idle_in_transaction_session_timeout=${idleInTransactionTimeoutMs}`,
    `client_connection_check_interval=${clientCheckMs}`,
    ...(options.isReadOnly === true ? ['default_transaction_read_only=on'] : []),
  ]
  const { connectionString, given } = takeOptions(options.connectionString)
  const pool = new pg.Pool({
    connectionString,
    max: options.max ?? 10,
    connectionTimeoutMillis: options.acquireTimeoutMs ?? 2_000,
    application_name: options.applicationName,
    // Ours last: a query's session stays read-only whatever the URL says.
    options: [...given, ...settings.map((setting) => `-c ${setting}`)].join(' '),
    keepAlive: true,
    keepAliveInitialDelayMillis: keepAliveAfterMs,
    pipeline: true,
  })
  // An idle connection that is lost is replaced when the next one is needed; nobody waits for it.
  pool.on('error', (error) =>
    options.log.warn({ error: toLogFields(error) }, 'an idle database connection was lost'),
  )

  return {
    async acquire(signal) {
      const connecting = pool.connect().catch((error: unknown) => {
        throw markDriverError(error)
      })
      const client = await untilAborted(connecting, signal, (outcome) => {
        if (outcome.status === 'fulfilled') outcome.value.release()
      })
      return new Connection(client)
    },
    end: () => pool.end(),
  }
}

/** Takes the `options` out of a URL, which the driver would have instead of ours. */
function takeOptions(connectionString: string): {
  readonly connectionString: string
  readonly given: readonly string[]
} {
  const url = new URL(connectionString)
  const given = url.searchParams.getAll('options')
  url.searchParams.delete('options')
  url.searchParams.delete('application_name')
  return { connectionString: url.href, given }
}
