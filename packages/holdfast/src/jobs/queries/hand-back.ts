import type { Statement } from '../../postgres/statement.ts'

/** Hands back jobs that were claimed and not begun, those that are still their claim's own. */
export function handBack(claims: readonly { readonly id: string; readonly attempt: number }[]): Statement {
  return {
    name: 'holdfast_hand_back',
    text: `
      update holdfast.jobs set state = 'ready', worker = null
      from unnest($1::uuid[], $2::int[]) as claim (id, attempt)
      where jobs.id = claim.id and jobs.attempt = claim.attempt and jobs.state = 'running'`,
    values: [claims.map(({ id }) => id), claims.map(({ attempt }) => attempt)],
  }
}
