import type { Statement } from '../../postgres/statement.ts'

/** What runs the statements of who administers: a pool or a client of `pg`, or the `transaction` of a handler. */
export interface AdminClient {
  query(text: string, values?: unknown[]): Promise<{ readonly rows: readonly unknown[] }>
}

/** Runs one statement. It is not prepared: hardly any comes twice. */
export async function run<Row>(
  client: AdminClient,
  { text, values = [] }: Statement,
): Promise<readonly Row[]> {
  return (await client.query(text, [...values])).rows as readonly Row[]
}
