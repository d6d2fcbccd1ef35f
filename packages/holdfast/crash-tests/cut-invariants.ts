import type { Answer } from 'holdfast'
import { until } from 'holdfast/testing'
import type pg from 'pg'
import type { CallReport } from './cut-calls.ts'

/** Codes of problems after which a client sends the same request again. */
export const retryable: readonly string[] = [
  'database-unavailable',
  'deadline-exceeded',
  'idempotency-key-in-flight',
  'outcome-unknown',
]

/**
 * Returns the broken invariants of calls: each key has one effect of each kind, one row, one job,
 * one message, and one response.
 */
export async function findCallViolations(
  database: pg.Client | pg.Pool,
  reports: readonly CallReport[],
): Promise<readonly string[]> {
  const cuts = new Map(reports.map(({ key, cut }) => [key, cut]))
  const { rows } = await database.query<{ key: string; what: string }>(
    `
    with keys as (select unnest($1::text[]) as key),
    found as (
      select key, 'debits' as what from keys join effects on name = key and what = 'debited'
      union all select key, 'credits' from keys join effects on name = key and what = 'credited'
      union all select key, 'rows' from keys join holdfast.idempotency_keys using (key)
      union all select key, 'jobs' from keys join holdfast.all_jobs as jobs on jobs.name = 'work' and input ->> 'name' = key
      union all select key, 'messages' from keys join holdfast.messages using (key) where payload ->> 'what' = 'recorded'
    ),
    expected as (
      select key, what from keys cross join unnest(array['debits', 'credits', 'rows', 'jobs', 'messages']) as what
    )
    select key, count(found.key) || ' ' || what as what from expected left join found using (key, what)
    group by key, what having count(found.key) <> 1`,
    [[...cuts.keys()]],
  )
  return [...rows.map(({ key, what }) => `${what}: ${cuts.get(key)}`), ...reports.flatMap(answerViolations)]
}

function answerViolations({ cut, answers, final, replay }: CallReport): readonly string[] {
  return [
    ...answers
      .filter((answer) => answer.status !== 201 && !retryable.includes(codeOf(answer)))
      .map((answer) => `answered ${answer.status} ${codeOf(answer)}: ${cut}`),
    ...(replay.body === final.body ? [] : [`answered ${replay.body} after ${final.body}: ${cut}`]),
    ...(replay.headers['idempotency-replayed'] === 'true'
      ? []
      : [`run again after its final answer: ${cut}`]),
  ]
}

/** Returns the code of a response's problem. */
export function codeOf({ body }: Answer): string {
  return (JSON.parse(body ?? '{}') as { readonly code?: string }).code ?? ''
}

/**
 * Returns the broken invariants of finished background work: each job, step and consumer must have
 * one effect.
 */
export async function findWorkViolations(
  database: pg.Client | pg.Pool,
  cuts: ReadonlyMap<string, string>,
): Promise<readonly string[]> {
  const { rows } = await database.query<{ key: string; what: string }>(
    `
    with expected as (
      select key, part from unnest($1::text[]) as key
      cross join unnest(array['debited', 'credited', 'prepared', 'worked', 'heard: recorded', 'heard: worked']) as part
    )
    select key, count(effects.name) || ' ' || part as what from expected
    left join effects on effects.name = key and effects.what = part
    group by key, part having count(effects.name) <> 1
    union all
    select input ->> 'name', state || ' job ' || name from holdfast.all_jobs where state <> 'succeeded'
    union all
    select key, 'a message that was not dispatched' from holdfast.messages where position is null
    union all
    select null, count(*) || ' of ' || 2 * cardinality($1::text[]) || ' messages' from holdfast.messages
      having count(*) <> 2 * cardinality($1::text[])`,
    [[...cuts.keys()]],
  )
  return rows.map(({ key, what }) => `${what}: ${cuts.get(key)}`)
}

/** Returns true if all jobs have ended and all messages have been dispatched. */
export async function isAllDone(database: pg.Client | pg.Pool): Promise<boolean> {
  const { rows } = await database.query<{ done: boolean }>(`
    select not exists (select from holdfast.all_jobs where finished_at is null)
      and not exists (select from holdfast.messages where position is null)
      and not exists (
        select from holdfast.subscriptions where position < (select max(position) from holdfast.messages)
      ) as done`)
  return rows[0]!.done
}

/**
 * Waits until no transaction or lock is open in a database whose services are idle. Returns the
 * transactions and locks that are still open at the timeout.
 */
export async function findLeaks(database: pg.Client | pg.Pool): Promise<readonly string[]> {
  let open: readonly string[] = []
  const isClean = async (): Promise<boolean> => {
    open = await findOpen(database)
    return open.length === 0
  }
  return until(isClean).then(
    () => [],
    () => open,
  )
}

async function findOpen(database: pg.Client | pg.Pool): Promise<readonly string[]> {
  const { rows } = await database.query<{ what: string }>(`
    select 'transaction of ' || application_name || ': ' || state || ', ' || query as what from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid() and xact_start is not null
    union all
    select 'advisory lock of ' || pid from pg_locks
      where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())`)
  return rows.map(({ what }) => what)
}
