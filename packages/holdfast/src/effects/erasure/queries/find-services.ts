import type { Statement } from '../../../storage/postgres/statement/statement.ts'
import { leafCount } from '../../idempotency/key-ring.ts'
import { subjectsName } from '../../idempotency/queries/key-subjects.ts'

/** Finds the services that have rows of a subject. Reads one index entry per service and table. */
export function findSubjectServices(subject: string): Statement {
  const tables = ['holdfast.subjects', ...Array.from({ length: leafCount }, (_, leaf) => subjectsName(leaf))]
  return {
    text: `
      select distinct service from (${tables.map(servicesIn).join(' union all ')}) as found
      order by service`,
    values: [subject],
  }
}

function servicesIn(table: string): string {
  return `(
        with recursive own as (
          (select service from ${table} where subject = $1 order by service limit 1)
          union all
          select next.service from own
          cross join lateral (
            select service from ${table} where subject = $1 and service > own.service order by service limit 1
          ) as next
        )
        select service from own
      )`
}
