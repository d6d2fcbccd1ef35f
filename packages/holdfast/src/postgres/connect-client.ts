import pg from 'pg'
import { HoldfastError } from '../kernel/holdfast-error.ts'

/** What a connection is opened with that belongs to no pool. */
export interface ConnectClientOptions {
  readonly connectionString: string
  /** How it is called in `pg_stat_activity`. */
  readonly applicationName: string
}

/**
 * Opens a connection that belongs to no pool.
 *
 * @throws HoldfastError `database-unreachable`.
 */
export async function connectClient({
  connectionString,
  applicationName,
}: ConnectClientOptions): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString,
    application_name: applicationName,
    connectionTimeoutMillis: 10_000,
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
