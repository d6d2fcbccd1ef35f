import type { Statement } from '../../../postgres/statement.ts'

// More than anybody reads; a key that all clients share is a defect of theirs.
const mostScopes = 20

/** The key of one caller, or of all who have used it. */
export function findKeyRows(key: string, scope: string | null): Statement {
  return {
    text: `
      select service, scope, key, status, coalesce(octet_length(body), 0) as "bodyBytes", created_at as "createdAt", headers, body
      from holdfast.idempotency_keys
      where key = $1 and ($2::text is null or scope = $2)
      order by scope
      limit ${mostScopes}`,
    values: [key, scope],
  }
}
