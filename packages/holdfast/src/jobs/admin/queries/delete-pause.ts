import type { Statement } from '../../../postgres/statement.ts'

/** Ends the pause of a name; gives a row where there was one. */
export function deletePause(name: string): Statement {
  return { text: 'delete from holdfast.job_pauses where name = $1 returning name', values: [name] }
}
