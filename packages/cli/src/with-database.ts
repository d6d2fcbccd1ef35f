import pg from 'pg'

const connectTimeoutMs = 10_000
const statementTimeoutMs = 60_000
// Less than a statement may take: who waits for a lock is told so.
const lockTimeoutMs = 10_000

/** Does work on a connection of its own, which ends with it. */
export async function withDatabase<T>(
  connectionString: string,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({
    connectionString,
    application_name: 'holdfast (command line)',
    connectionTimeoutMillis: connectTimeoutMs,
    statement_timeout: statementTimeoutMs,
    lock_timeout: lockTimeoutMs,
  })
  // The statement that waits for it fails with the same; unheard, it would end the process.
  client.on('error', () => {})
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
