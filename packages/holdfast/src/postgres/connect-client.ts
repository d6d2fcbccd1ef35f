import { HoldfastError } from '../kernel/holdfast-error.ts'
import { DriverClient, type SessionSettings } from './driver-client.ts'
import { requireKnownDriver } from './driver-internals.ts'
import { unanswered } from './patience.ts'
import { driverSettings } from './session-settings.ts'
import { isUnavailable } from './sql-state.ts'

/** Options of {@link connectClient}. */
export interface ConnectClientOptions {
  readonly connectionString: string
  /** The name of the connection in `pg_stat_activity`. */
  readonly applicationName: string
  /** How long connecting may take, in milliseconds. Default 10,000. */
  readonly timeoutMs?: number
  /** How long a statement may go unanswered, in milliseconds. Default: as long as it takes. */
  readonly queryTimeoutMs?: number
  /** Whether a pooler may stand between, which refuses some settings. Default false. */
  readonly isPooled?: boolean
  /** Settings that the session starts with, and that `RESET` restores. Default none. */
  readonly sessionSettings?: SessionSettings
}

/**
 * Opens a connection as a service does, but outside its pools: for scripts, tests and the command line. Losing it fails the
 * statement that needs it, and never ends the process.
 *
 * @throws HoldfastError `database-unreachable`, `driver-unknown`.
 */
export async function connectClient({
  connectionString,
  applicationName,
  timeoutMs = 10_000,
  queryTimeoutMs,
  isPooled = false,
  sessionSettings,
}: ConnectClientOptions): Promise<DriverClient> {
  requireKnownDriver()
  const client = new DriverClient({
    connectionString,
    application_name: applicationName,
    connectionTimeoutMillis: timeoutMs,
    ...(queryTimeoutMs === undefined ? {} : { query_timeout: queryTimeoutMs }),
    sessionSettings: { ...driverSettings({ isPooled }), ...sessionSettings },
  })
  try {
    await client.connect()
    return client
  } catch (cause) {
    if (cause instanceof HoldfastError) throw cause
    throw new HoldfastError(
      'database-unreachable',
      `The database cannot be reached: ${messageOf(cause)}. Is it running, and is DATABASE_URL right?`,
      { cause },
    )
  }
}

/**
 * Returns the result of statements that a start needs.
 *
 * @throws HoldfastError `database-unreachable` if the server did not answer them in time, or went away.
 */
export async function requireAnswer<T>(statements: Promise<T>): Promise<T> {
  try {
    return await statements
  } catch (cause) {
    if (!isUnanswered(cause)) throw cause
    throw new HoldfastError(
      'database-unreachable',
      `The database accepted a connection and did not answer what was asked through it: ${messageOf(cause)}. Is the server, or a proxy in between, overloaded or stopping?`,
      { cause },
    )
  }
}

function isUnanswered(cause: unknown): boolean {
  if (cause === unanswered) return true
  if (!(cause instanceof Error)) return false
  // The driver's error of `query_timeout` has no code; the second is of `AbortSignal.timeout`.
  return cause.message === 'Query read timeout' || cause.name === 'TimeoutError' || isUnavailable(cause)
}

function messageOf(cause: unknown): string {
  // The driver tried one address after the other; the error of all of them has no message.
  if (cause instanceof AggregateError) return cause.errors.map(messageOf).join(', ')
  return (cause instanceof Error ? cause.message : String(cause)) || 'no answer'
}
