import type { Statement } from '../../../storage/postgres/statement/statement.ts'
import type { ClaimOf } from '../claim/claim-of.ts'

/** Stores the progress of a job if this claim still holds it. */
export function storeProgress({ id, claim }: ClaimOf, value: string): Statement {
  return {
    name: 'holdfast_store_progress',
    text: `update holdfast.jobs set progress = $3 where id = $1 and claim = $2 and state = 'running'`,
    values: [id, claim, value],
  }
}
