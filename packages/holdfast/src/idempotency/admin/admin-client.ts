import type { Statement } from '../../postgres/statement.ts'

/** What runs the statements of who administers: a pool or a client of `pg`, or the `transaction` of a handler. */
export interface AdminClient {
  query(
    text: string,
    values?: unknown[],
  ): Promise<{ readonly rows: readonly unknown[]; readonly rowCount: number | null }>
}

/** Runs one statement. It is not prepared: hardly any comes twice. */
export async function run<Row>(
  client: AdminClient,
  { text, values = [] }: Statement,
): Promise<{ readonly rows: readonly Row[]; readonly rowCount: number }> {
  const { rows, rowCount } = await client.query(text, [...values])
  return { rows: rows as readonly Row[], rowCount: rowCount ?? 0 }
}
