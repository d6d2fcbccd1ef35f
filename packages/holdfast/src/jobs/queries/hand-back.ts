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

/** Hands back jobs of these names that a worker has claimed and does not know of: the connection was lost before the answer. */
export function handBackUnknown(
  worker: string,
  names: readonly string[],
  known: readonly string[],
): Statement {
  return {
    name: 'holdfast_hand_back_unknown',
    text: `
      update holdfast.jobs set state = 'ready', worker = null
      where worker = $1 and state = 'running' and name = any ($3::text[]) and id <> all ($2::uuid[])`,
    values: [worker, known, names],
  }
}
