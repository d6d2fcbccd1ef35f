import type pg from 'pg'
import { codeOf } from './cut-invariants.ts'
import type { FaultReport } from './faults.ts'

const notFinal: readonly string[] = [
  'database-unavailable',
  'database-contended',
  'deadline-exceeded',
  'idempotency-key-in-flight',
  'outcome-unknown',
]

/**
 * Returns the broken invariants: each request must have one transfer, one job, one message and one
 * response, and all balances must be right.
 */
export async function findFaultViolations(
  database: pg.Client | pg.Pool,
  reports: readonly FaultReport[],
): Promise<readonly string[]> {
  const { rows } = await database.query<{ what: string }>(
    `
    with names as (select unnest($1::text[]) as name),
    found as (
      select key as name, 'transfers' as what from transfers
      union all select input ->> 'key', 'jobs' from holdfast.all_jobs
      union all select key, 'messages' from holdfast.messages
      union all select key, 'keys' from holdfast.idempotency_keys
    )
    select name || ' has ' || count(found.name) || ' ' || what as what
      from names cross join unnest(array['transfers', 'jobs', 'messages', 'keys']) as what left join found using (name, what)
      group by name, what having count(found.name) <> 1
    union all
    select name || ' has no owner: ' || what from found where what <> 'keys' and name <> all ($1)
    union all
    select 'account ' || id || ' has ' || balance || ', its transfers sum up to ' || sum
      from accounts cross join lateral (
        select count(*) filter (where target = id) - count(*) filter (where source = id) as sum from transfers
      ) as moved
      where balance <> sum`,
    [reports.map(({ name }) => name)],
  )
  return [...rows.map(({ what }) => what), ...reports.flatMap(answerViolations)]
}

function answerViolations({ name, answers, replay }: FaultReport): readonly string[] {
  const final = answers.find(({ status }) => status === 200)
  return [
    ...answers
      .filter((answer) => answer.status !== 200 && !notFinal.includes(codeOf(answer)))
      .map((answer) => `${name} got a ${answer.status} ${codeOf(answer)}`),
    ...(replay.body === final?.body ? [] : [`${name} got ${final?.body}, then ${replay.body}`]),
    ...(replay.headers['idempotency-replayed'] === 'true' ? [] : [`${name} was run after its final answer`]),
  ]
}
