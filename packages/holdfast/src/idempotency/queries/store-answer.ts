import type { Statement } from '../../postgres/statement.ts'

/** What {@link storeAnswer} writes. */
export interface StoreParameters {
  readonly scope: string
  readonly key: string
  readonly fingerprint: Buffer
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
}

/** The primary key of the table, which a second final answer of one key violates. */
export const keyConstraint = 'idempotency_keys_pkey'

/**
 * Writes the one final answer of a key. Fails, as what is worth running again, where a migration has been committed since `epoch` was
 * read; `undefined`: that does not matter.
 */
export function storeAnswer(
  { scope, key, fingerprint, status, headers, body }: StoreParameters,
  epoch: number | undefined,
): Statement {
  return {
    name: 'holdfast_store_answer',
    text: `
      insert into holdfast.idempotency_keys (scope, key, fingerprint, status, headers, body)
      select $1, $2, $3, $4, $5, $6
      where holdfast.check_schema_epoch($7)`,
    values: [scope, key, fingerprint, status, JSON.stringify(headers), body, epoch],
  }
}
