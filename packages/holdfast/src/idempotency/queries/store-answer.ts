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

/** Writes the one final answer of a key. */
export function storeAnswer({ scope, key, fingerprint, status, headers, body }: StoreParameters): Statement {
  return {
    name: 'holdfast_store_answer',
    text: `
      insert into holdfast.idempotency_keys (scope, key, fingerprint, status, headers, body)
      values ($1, $2, $3, $4, $5, $6)`,
    values: [scope, key, fingerprint, status, JSON.stringify(headers), body],
  }
}
