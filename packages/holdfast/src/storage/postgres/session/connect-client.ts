import { type Duration, toMilliseconds } from '../../../kernel/base/duration.ts'
import { HoldfastError } from '../../../kernel/base/holdfast-error.ts'
import { DriverClient, type SessionSettings } from './driver-client.ts'
import { isReadTimeout, requireKnownDriver } from './driver-internals.ts'
import { unanswered } from './answer-within.ts'
import { driverSettings } from './session-settings.ts'
import { isUnavailable } from '../errors/sql-state.ts'

/** Options of {@link connectClient}. */
export interface ConnectClientOptions {
  /** A `postgres://` URL. */
  readonly connectionString: string
  /** The name of the connection in `pg_stat_activity`. */
  readonly applicationName: string
  /** Max time for connecting. Default `'10s'`. */
  readonly timeout?: Duration
  /** Max time to wait for the result of a statement. Default: no limit. */
  readonly queryTimeout?: Duration
  /** True if the URL may point to a pooler, which refuses some settings. Default false. */
  readonly isPooled?: boolean
  /** Settings that the session starts with, and that `RESET` restores. Default none. */
  readonly sessionSettings?: SessionSettings
}

/**
 * Opens a single connection outside of a service's pools: for scripts, tests and the command line.
 * It has the same settings as a connection of a pool. Losing the connection fails the next
 * statement but never ends the process.
 *
 * @throws HoldfastError `database-unreachable`, `driver-unknown`, `duration-invalid`.
 *
 * @example
 * ```ts
 * const client = await connectClient({ connectionString: shopUrl, applicationName: 'report' })
 * const { rows } = await client.query('select count(*) from holdfast.jobs')
 * await client.end()
 * ```
 */
export async function connectClient({
  connectionString,
  applicationName,
  timeout = '10s',
  queryTimeout,
  isPooled = false,
  sessionSettings,
}: ConnectClientOptions): Promise<DriverClient> {
  requireKnownDriver()
  const client = new DriverClient({
    connectionString,
    application_name: applicationName,
    connectionTimeoutMillis: toMilliseconds(timeout, { option: 'timeout' }),
    ...(queryTimeout === undefined
      ? {}
      : { query_timeout: toMilliseconds(queryTimeout, { option: 'queryTimeout' }) }),
    sessionSettings: { ...driverSettings({ isPooled }), ...sessionSettings },
  })
  try {
    await client.connect()
    return client
  } catch (cause) {
    if (cause instanceof HoldfastError) throw cause
    throw new HoldfastError(
      'database-unreachable',
      `Cannot connect to the database: ${messageOf(cause)}. Check that it is running and that DATABASE_URL is correct.`,
      { cause },
    )
  }
}

/**
 * Returns the result of statements that must succeed at startup.
 *
 * @throws HoldfastError `database-unreachable` if the server did not answer in time or the
 * connection was lost.
 */
export async function requireAnswer<T>(statements: Promise<T>): Promise<T> {
  try {
    return await statements
  } catch (cause) {
    if (!isUnanswered(cause)) throw cause
    throw new HoldfastError(
      'database-unreachable',
      `The database accepted a connection, but did not respond to a statement: ${messageOf(cause)}. Check if the server, or a proxy in front of it, is overloaded or stopping.`,
      { cause },
    )
  }
}

function isUnanswered(cause: unknown): boolean {
  if (cause === unanswered) return true
  if (!(cause instanceof Error)) return false
  // `TimeoutError` comes from `AbortSignal.timeout`.
  return isReadTimeout(cause) || cause.name === 'TimeoutError' || isUnavailable(cause)
}

function messageOf(cause: unknown): string {
  // The driver tried several addresses. Only the errors inside the aggregate error have messages.
  if (cause instanceof AggregateError) return cause.errors.map(messageOf).join(', ')
  return (cause instanceof Error ? cause.message : String(cause)) || 'no response'
}
