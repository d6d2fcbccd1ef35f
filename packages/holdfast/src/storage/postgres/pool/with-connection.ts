import type { Work } from '../../../kernel/host/work.ts'
import type { Connection } from '../session/connection.ts'
import type { Pool } from './pool.ts'

/**
 * Lends a connection of the pool to `use` and releases it afterwards. Before the release, running
 * statements are interrupted and an open transaction is rolled back.
 */
export async function withConnection<T>(
  pool: Pool,
  work: Work,
  use: (connection: Connection) => Promise<T>,
): Promise<T> {
  const connection = await pool.acquire(work)
  try {
    return await use(connection)
  } finally {
    await connection.rollBack()
    connection.release()
  }
}
