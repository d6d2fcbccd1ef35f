import type { Statement } from '../../../storage/postgres/statement/statement.ts'
import type { ClaimOf } from '../claim/claim-of.ts'
import { byClaim } from './by-claim.ts'

/**
 * Marks jobs as started if these claims still hold them, and returns their claims. Marking a job
 * again changes nothing.
 */
export function markBegun(claims: readonly ClaimOf[]): Statement {
  return {
    name: 'holdfast_mark_begun',
    text: `
      update holdfast.jobs set started_at = coalesce(started_at, now())
      where ${byClaim}
      returning jobs.id, jobs.claim`,
    values: [claims.map(({ id }) => id), claims.map(({ claim }) => claim)],
  }
}
