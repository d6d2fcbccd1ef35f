import { storedFormOfKey } from '../../answer-seal.ts'
import { isSealedKey } from './stored-key-columns.ts'
import type { Statement } from '../../../../storage/postgres/statement/statement.ts'

// Limits the result if many callers have used one key, which only faulty clients cause.
const maxScopes = 20

/** Finds the rows of a key: of one caller, or of all callers that have used it. */
export function findKeyRows(key: string, scope: string | null): Statement {
  return {
    text: `
      select service, scope, key, status, coalesce(octet_length(body), 0) as "bodyBytes", created_at as "createdAt",
        ${isSealedKey} as "isSealed", headers, case when ${isSealedKey} then null else body end as body
      from holdfast.idempotency_keys
      where key in ($1, $3) and ($2::text is null or scope = $2)
      order by scope
      limit ${maxScopes}`,
    values: [key, scope, storedFormOfKey(key)],
  }
}
