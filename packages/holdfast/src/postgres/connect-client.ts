import pg from 'pg'
import { HoldfastError } from '../kernel/holdfast-error.ts'

/** What a connection is opened with that belongs to no pool. */
export interface ConnectClientOptions {
  readonly connectionString: string
  /** How it is called in `pg_stat_activity`. */
  readonly applicationName: string
  /** How long connecting may take, in milliseconds. Default 10,000. */
  readonly timeoutMs?: number
  /** How long a statement may go unanswered, in milliseconds. Default: as long as it takes. */
  readonly queryTimeoutMs?: number
}

/**
 * Opens a connection that belongs to no pool.
 *
 * @throws HoldfastError `database-unreachable`.
 */
export async function connectClient({
  connectionString,
  applicationName,
  timeoutMs = 10_000,
  queryTimeoutMs,
}: ConnectClientOptions): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString,
    application_name: applicationName,
    connectionTimeoutMillis: timeoutMs,
    ...(queryTimeoutMs === undefined ? {} : { query_timeout: queryTimeoutMs }),
    keepAlive: true,
  })
  // A lost connection fails the statement that needs it; between two of them there is nobody to tell.
  client.on('error', () => {})
  try {
    await client.connect()
    return client
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause)
    throw new HoldfastError(
      'database-unreachable',
      `The database cannot be reached: ${message || 'no answer'}. Is it running, and is DATABASE_URL right?`,
      { cause },
    )
  }
}
