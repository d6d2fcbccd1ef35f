import type { Statement } from '../../postgres/statement.ts'
import type { JobRow } from '../job-row.ts'

const insertion = `
      insert into holdfast.jobs
        (id, name, input, priority, run_at, state, unique_key, limit_key, rate_key, share_key, traceparent)
      select
        row.id, row.name, row.input::json, row.priority, due.run_at,
        case
          when due.run_at > now() then 'scheduled'
          when row."limitKey" is not null or row."rateKey" is not null then 'gated'
          else 'ready'
        end,
        row."uniqueKey", row."limitKey", row."rateKey", row."shareKey", row.traceparent
      from rows from (
        json_to_recordset($1::json) as (
          id uuid, name text, input text, priority smallint, "delayMs" double precision, "atMs" double precision,
          "uniqueKey" text, "limitKey" text, "rateKey" text, "shareKey" text, traceparent text
        )
      ) with ordinality as row (id, name, input, priority, "delayMs", "atMs", "uniqueKey", "limitKey", "rateKey", "shareKey", traceparent, n)
      cross join lateral (
        select coalesce(
          to_timestamp(row."atMs" / 1000),
          now() + make_interval(secs => row."delayMs" / 1000),
          now()
        ) as run_at
      ) as due
      order by row.n`

/** Inserts jobs in their order. */
export function insertJobs(rows: readonly JobRow[]): Statement {
  return { name: 'holdfast_insert_jobs', text: insertion, values: [JSON.stringify(rows)] }
}

/** Inserts a job, unless one of its name and unique key is there that has not ended. Gives its id where it was inserted. */
export function insertUniqueJob(row: JobRow): Statement {
  return {
    name: 'holdfast_insert_unique_job',
    text: `${insertion}
      on conflict (name, unique_key) where unique_key is not null and finished_at is null do nothing
      returning id`,
    values: [JSON.stringify([row])],
  }
}

/** Finds the job of a unique key that has not ended. */
export function findUniqueJob(name: string, uniqueKey: string): Statement {
  return {
    name: 'holdfast_find_unique_job',
    text: 'select id from holdfast.jobs where name = $1 and unique_key = $2 and finished_at is null',
    values: [name, uniqueKey],
  }
}
