import { connectClient } from 'holdfast/postgres'
import type pg from 'pg'

// Less than a statement may take, so that a command that waits for a lock says so.
const sessionSettings = { statement_timeout: '60s', lock_timeout: '10s' }

/** Does work on a connection of its own, which ends with it. */
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
