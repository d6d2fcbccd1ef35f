import type { Statement } from '../../../storage/postgres/statement/statement.ts'
import type { ClaimOf } from '../claim/claim-of.ts'
import { byClaim } from './by-claim.ts'

/** Releases jobs that were claimed but not started, if these claims still hold them. */
export function releaseClaims(claims: readonly ClaimOf[]): Statement {
  return {
    name: 'holdfast_release_claims',
    text: `
      update holdfast.jobs set state = 'ready', worker = null
      where ${byClaim}`,
    values: [claims.map(({ id }) => id), claims.map(({ claim }) => claim)],
  }
}

/**
 * Releases claims of these names that a worker has made but does not know of, since the connection
 * was lost before the reply.
 */
export function releaseUnknownClaims(
  worker: string,
  names: readonly string[],
  known: readonly ClaimOf[],
): Statement {
  return {
    name: 'holdfast_release_unknown_claims',
    text: `
      update holdfast.jobs set state = 'ready', worker = null
      where worker = $1 and state = 'running' and name = any ($4::text[])
        and not exists (
          select from unnest($2::uuid[], $3::int[]) as known (id, claim)
          where known.id = jobs.id and known.claim = jobs.claim
        )
      returning id`,
    values: [worker, known.map(({ id }) => id), known.map(({ claim }) => claim), names],
  }
}
