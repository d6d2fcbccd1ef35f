import type { Statement } from '../../postgres/statement.ts'

/** Writes down how far a job is, while it is the attempt's own. */
export function storeProgress(id: string, attempt: number, value: string): Statement {
  return {
    name: 'holdfast_store_progress',
    text: `update holdfast.jobs set progress = $3 where id = $1 and attempt = $2 and state = 'running'`,
    values: [id, attempt, value],
  }
}
