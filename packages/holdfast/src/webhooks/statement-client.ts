import type { Statement } from '../postgres/statement.ts'

/** What runs statements: the `transaction` of a handler, or a pool or client of `pg`. */
export interface StatementClient {
  query(text: string, values?: unknown[]): Promise<{ readonly rows: readonly unknown[] }>
}

/** Runs a statement and gives its rows. */
export async function runStatement<Row>(
  client: StatementClient,
  { text, values = [] }: Statement,
): Promise<readonly Row[]> {
  return (await client.query(text, [...values])).rows as readonly Row[]
}

/** Whether a text can be an id. Another one would be an error of the database's. */
export function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)
}
