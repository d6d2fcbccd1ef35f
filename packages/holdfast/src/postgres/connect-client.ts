import { HoldfastError } from '../kernel/holdfast-error.ts'
import { DriverClient, type SessionSettings } from './driver-client.ts'
import { driverSettings } from './session-settings.ts'

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
 * @throws HoldfastError `database-unreachable`.
 */
export async function connectClient({
  connectionString,
  applicationName,
  timeoutMs = 10_000,
  queryTimeoutMs,
  isPooled = false,
  sessionSettings,
}: ConnectClientOptions): Promise<DriverClient> {
  const client = new DriverClient({
    connectionString,
    application_name: applicationName,
    connectionTimeoutMillis: timeoutMs,
    ...(queryTimeoutMs === undefined ? {} : { query_timeout: queryTimeoutMs }),
    sessionSettings: { ...driverSettings({ isPooled }), ...sessionSettings },
    keepAlive: true,
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

function messageOf(cause: unknown): string {
  // The driver tried one address after the other; the error of all of them has no message.
  if (cause instanceof AggregateError) return cause.errors.map(messageOf).join(', ')
  return (cause instanceof Error ? cause.message : String(cause)) || 'no answer'
}
