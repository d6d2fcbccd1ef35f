import { markDriverError } from '../errors/sql-state.ts'
import type { Statement } from './statement.ts'

/** A client that runs statements: a pool or a client of `pg`, or the `transaction` of a handler. */
export interface StatementClient {
  query(
    text: string,
    values?: unknown[],
  ): Promise<{ readonly rows: readonly unknown[]; readonly rowCount: number | null }>
}

/**
 * Runs a statement and returns its rows. The statement is not prepared, because administration
 * rarely repeats statements. A failure is marked as a Postgres failure even if the client is not
 * the framework's.
 */
export async function runStatement<Row>(
  client: StatementClient,
  { text, values = [] }: Statement,
): Promise<readonly Row[]> {
  try {
    return (await client.query(text, [...values])).rows as readonly Row[]
  } catch (error) {
    throw markDriverError(error)
  }
}
