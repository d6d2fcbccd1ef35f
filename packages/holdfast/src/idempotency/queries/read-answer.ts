import type { Statement } from '../../postgres/statement.ts'

/** Reads the stored answer of a key. */
export function readAnswer(scope: string, key: string): Statement {
  return {
    name: 'holdfast_read_answer',
    text: `
      select fingerprint, status, headers, body
      from holdfast.idempotency_keys
      where scope = $1 and key = $2`,
    values: [scope, key],
  }
}
