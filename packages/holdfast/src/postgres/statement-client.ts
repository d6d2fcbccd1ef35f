import type { Statement } from './statement.ts'

/** What runs statements: a pool or a client of `pg`, or the `transaction` of a handler. */
export interface StatementClient {
  query(
    text: string,
    values?: unknown[],
  ): Promise<{ readonly rows: readonly unknown[]; readonly rowCount: number | null }>
}

/** Runs a statement and gives its rows. It is not prepared: what administers says hardly anything twice. */
export async function runStatement<Row>(
  client: StatementClient,
  { text, values = [] }: Statement,
): Promise<readonly Row[]> {
  return (await client.query(text, [...values])).rows as readonly Row[]
}
