import { storedFormOfKey } from '../../answer-seal.ts'
import { isSealedKey } from './stored-key-columns.ts'
import type { Statement } from '../../../../storage/postgres/statement/statement.ts'

/** Filters of keys; `null` means no filter. */
export interface KeyFilters {
  readonly scope: string | null
  readonly key: string | null
  readonly since: Date | null
  readonly until: Date | null
  readonly limit: number
}

/** Lists keys without their answers, newest first. */
export function listKeyRows({ scope, key, since, until, limit }: KeyFilters): Statement {
  return {
    text: `
      select service, scope, key, status, coalesce(octet_length(body), 0) as "bodyBytes", created_at as "createdAt",
        ${isSealedKey} as "isSealed"
      from holdfast.idempotency_keys
      where ($1::text is null or scope = $1)
        and ($2::text is null or key in ($2, $6))
        and ($3::timestamptz is null or created_at >= $3)
        and ($4::timestamptz is null or created_at < $4)
      order by created_at desc, key
      limit $5`,
    values: [scope, key, since, until, limit, key === null ? null : storedFormOfKey(key)],
  }
}
