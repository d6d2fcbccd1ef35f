import type { Statement } from './statement.ts'

/** Runs statements: a pool or a client of `pg`, or the `transaction` of a handler. */
export interface StatementClient {
  query(
    text: string,
    values?: unknown[],
  ): Promise<{ readonly rows: readonly unknown[]; readonly rowCount: number | null }>
}

/**
 * Runs a statement and returns its rows. It is not prepared, because administration rarely repeats
 * a statement.
 */
export async function runStatement<Row>(
  client: StatementClient,
  { text, values = [] }: Statement,
): Promise<readonly Row[]> {
  return (await client.query(text, [...values])).rows as readonly Row[]
}
