import { connectClient } from 'holdfast/postgres'
import type pg from 'pg'

// The lock timeout is shorter than the statement timeout, so that a command waiting for a lock
// reports the lock.
const sessionSettings = { statement_timeout: '60s', lock_timeout: '10s' }

/** Runs a function with a dedicated connection, and closes it afterwards. */
export async function withDatabase<T>(
  connectionString: string,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = await connectClient({
    connectionString,
    applicationName: 'holdfast (command line)',
    sessionSettings,
  })
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
