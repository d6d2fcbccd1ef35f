import type { Statement } from '../../../../storage/postgres/statement/statement.ts'

/** Counts keys whose answers are older than `olderThanMs`. */
export function countOldKeys(olderThanMs: number): Statement {
  return {
    text: `
      select count(*)::double precision as keys from holdfast.idempotency_keys
      where created_at < now() - make_interval(secs => $1::double precision / 1000)`,
    values: [olderThanMs],
  }
}
