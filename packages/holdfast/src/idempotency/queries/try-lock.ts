import type { Statement } from '../../postgres/statement.ts'

/**
 * Whether no transaction holds a key at this moment. A transaction gives its locks up after its rows have become visible, so
 * what a later statement reads of a free key is final.
 */
export function tryLock(lockId: string): Statement {
  return {
    name: 'holdfast_try_lock',
    text: 'select pg_try_advisory_xact_lock($1::bigint) as free',
    values: [lockId],
  }
}
