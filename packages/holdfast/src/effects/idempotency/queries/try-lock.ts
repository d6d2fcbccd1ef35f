import type { Statement } from '../../../storage/postgres/statement/statement.ts'

/**
 * Reads whether a key is unlocked: no transaction holds its lock. A transaction releases its locks
 * after its rows have become visible. So if the key is unlocked, a later statement reads its final
 * state.
 */
export function tryLock(lockId: string): Statement {
  return {
    name: 'holdfast_try_lock',
    text: 'select pg_try_advisory_xact_lock($1::bigint) as free',
    values: [lockId],
  }
}
