import type { Logger } from '../../../kernel/base/log.ts'
import type { Attributes } from '../../../kernel/telemetry/span.ts'
import { noTelemetry, type Telemetry } from '../../../kernel/telemetry/telemetry.ts'
import type { Work } from '../../../kernel/host/work.ts'
import { Connection } from '../session/connection.ts'
import { ConnectionBudget } from './connection-budget.ts'
import { requireDatabaseUrl, serverOf, socketPathOf } from '../session/database-url.ts'
import { DriverClient, type DriverClientConfig, type SessionSettings } from '../session/driver-client.ts'
import { observePool } from './observe-pool.ts'
import { observeStatements } from '../statement/observe-statements.ts'
import { PreparedStatements } from '../session/prepared-statements.ts'
import { SessionLifetimes } from '../session/session-lifetimes.ts'
import { SessionLimits } from '../session/session-limits.ts'
import { type NewSession, SessionPool } from './session-pool.ts'
import { driverSettings } from '../session/session-settings.ts'
import { fixedUrls, isCredentialRefused, type UrlChanges } from '../session/url-changes.ts'
import { defaultWire } from '../wire/default-wire.ts'
import type { WireName } from '../wire/wire.ts'

/** Options of {@link createPool}. */
export interface PoolOptions {
  readonly connectionString: string
  /**
   * The changes of the URL's user and password. Open sessions are retired after a change, because
   * the server may drop the previous user. Default: they never change.
   */
  readonly urls?: UrlChanges
  /** Max number of connections. Default 10. */
  readonly max?: number
  /**
   * The budget that the pool shares with other pools. Default: `max` connections for this pool
   * only.
   */
  readonly budget?: ConnectionBudget
  /** Number of connections that are never lent to the budget's other pools. Default 0. */
  readonly min?: number
  /**
   * Max number of requests waiting for a connection; further requests are refused. Default: no
   * limit.
   */
  readonly maxWaiting?: number
  /**
   * Max time to wait for a connection, in milliseconds; `Infinity` to wait until the work's
   * deadline. Default 2,000.
   */
  readonly acquireTimeoutMs?: number
  /** True if the pool's sessions refuse to write. Default false. */
  readonly isReadOnly?: boolean
  /**
   * Max time that a statement waits for a lock, in milliseconds; has no effect through a pooler.
   * Default: no limit.
   */
  readonly lockTimeoutMs?: number
  /**
   * Max age of a connection, in milliseconds, minus a random jitter of up to a quarter. Default 30
   * minutes.
   */
  readonly maxAgeMs?: number
  /** The name of the connections in `pg_stat_activity`. */
  readonly applicationName: string
  readonly log: Logger
  /** The implementation of the protocol for statements. Default {@link defaultWire}. */
  readonly wire?: WireName | undefined
  /** True to prepare repeated statements. Default true. */
  readonly usesPreparedStatements?: boolean | undefined
  /**
   * True if the URL points to a pooler in transaction mode, so that sessions are shared with other
   * clients. Default false.
   */
  readonly isPooled?: boolean
  /** Receives spans and metrics. Default: no telemetry. */
  readonly telemetry?: Telemetry | undefined
  /**
   * True if the log may contain values of rows and parameters. Do not enable it in production.
   * Default false.
   */
  readonly showsValues?: boolean
}

/** The connections of one process to one database. */
export interface Pool {
  /**
   * Takes a connection. Rejects with the reason of the work's deadline, or with the driver's error
   * if no connection is available in time.
   */
  acquire(work: Work): Promise<Connection>
  /** Closes all connections. A connection in use is closed when it has been released. */
  end(): Promise<void>
}

// A last resort: each call sets a shorter limit, and interrupts its statements at its own deadline.
const statementTimeoutMs = 60_000
// Interval at which Postgres 14 and later check that the client of a running statement is still
// connected. If it is not, the statement is stopped.
const clientCheckMs = 1_000
// Handlers' transactions set their own limit. The framework's own transactions are idle only if the
// process hangs.
const idleInTransactionTimeoutMs = 10_000
const maxAgeMs = 30 * 60_000
const acquireTimeoutMs = 2_000
// Longer than the max wait of a call, because opening a connection may take seconds on a busy
// machine. The opened connection then serves the next call.
const connectTimeoutMs = 5_000

/** Creates a pool. Connections are opened on demand. */
export function createPool(options: PoolOptions): Pool {
  const {
    telemetry = noTelemetry,
    max = 10,
    showsValues = false,
    connectionString,
    urls = fixedUrls,
  } = options
  const clientOptions = {
    connectionTimeoutMillis: connectTimeoutMs,
    application_name: options.applicationName,
    sessionSettings: sessionSettings(options),
    pipeline: true,
    wire: options.wire ?? defaultWire,
  }
  const lifetimes = new SessionLifetimes({ maxAgeMs: options.maxAgeMs ?? maxAgeMs })
  const sessions = new SessionPool({
    budget: options.budget ?? new ConnectionBudget(max),
    min: options.min ?? 0,
    max,
    maxWaiting: options.maxWaiting ?? Infinity,
    waitMs: options.acquireTimeoutMs ?? acquireTimeoutMs,
    lifetimes,
    log: options.log,
    onRefused: () => observed.refusals.add(),
    open: () => openSession(clientOptions, { connectionString, urls }),
  })
  const forgetUrls = urls.onChange((url) => url === connectionString && lifetimes.retireAll())
  // A pooler that supports prepared statements shares a prepared statement among all sessions, by
  // its text, so a statement could not be prepared again after a migration.
  const usesPreparedStatements = options.usesPreparedStatements !== false && options.isPooled !== true
  const prepared = usesPreparedStatements ? new PreparedStatements() : undefined
  const limits = options.isPooled === true ? undefined : new SessionLimits()
  const statements = observeStatements(telemetry, addressOf(connectionString))
  const observed = observePool(telemetry, options.applicationName, sessions)
  const { isReadOnly = false } = options
  const shared = { sessions, statements, prepared, limits, lifetimes, isReadOnly, showsValues }

  async function wait(work: Work): Promise<Connection> {
    const waiting = work.span.begin('acquire connection')
    const startedMs = performance.now()
    try {
      return new Connection(await sessions.wait(work), { work, ...shared })
    } finally {
      observed.waits.record((performance.now() - startedMs) / 1_000, work.span)
      waiting.end()
    }
  }

  return {
    async acquire(work) {
      work.deadline.throwIfAborted()
      const client = sessions.takeIdle()
      if (!client) return wait(work)
      observed.waits.record(0, work.span)
      return new Connection(client, { work, ...shared })
    },
    end() {
      observed.forget()
      forgetUrls()
      return sessions.end()
    },
  }
}

interface SessionUrls {
  readonly connectionString: string
  readonly urls: UrlChanges
}

/** Returns a session that connects with the current user and password. */
function openSession(
  options: Omit<DriverClientConfig, 'connectionString'>,
  { connectionString, urls }: SessionUrls,
): NewSession {
  const url = urls.current(connectionString)
  return {
    client: new DriverClient({ ...options, connectionString: url }),
    renew: async (error) => isCredentialRefused(error) && urls.renew(connectionString, url),
  }
}

/** Returns a view of the pool whose `end` does nothing, for code that must not close the pool. */
export function lend(pool: Pool): Pool {
  return { acquire: (work) => pool.acquire(work), end: async () => {} }
}

/** Returns the initial settings of a pool's sessions. */
function sessionSettings({
  isReadOnly = false,
  isPooled = false,
  lockTimeoutMs,
}: PoolOptions): SessionSettings {
  const settings = driverSettings({ isPooled })
  if (isPooled) return settings
  return {
    ...settings,
    statement_timeout: String(statementTimeoutMs),
    idle_in_transaction_session_timeout: String(idleInTransactionTimeoutMs),
    client_connection_check_interval: String(clientCheckMs),
    ...(lockTimeoutMs === undefined ? {} : { lock_timeout: String(lockTimeoutMs) }),
    ...(isReadOnly ? { default_transaction_read_only: 'on' } : {}),
  }
}

/**
 * Returns the address of a database as attributes of the OpenTelemetry semantic conventions. A Unix
 * socket has an address, its path, and no port.
 */
function addressOf(connectionString: string): Attributes {
  const url = requireDatabaseUrl(connectionString)
  const socketPath = socketPathOf(url)
  const { host, port } = serverOf(url)
  return {
    ...(socketPath === undefined
      ? { 'server.address': host, 'server.port': port }
      : { 'server.address': socketPath }),
    'db.namespace': decodeURIComponent(url.pathname.slice(1)),
  }
}
