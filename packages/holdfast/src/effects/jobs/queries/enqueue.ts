import type { Statement } from '../../../storage/postgres/statement/statement.ts'
import { limitedOrReady } from '../states.ts'
import type { JobRow } from '../enqueue/job-row.ts'
import { insertSubjects } from '../../subjects/queries/insert-subjects.ts'

// Statements that enqueue jobs, in the transaction of the call that enqueues them.

/** Returns the statements that insert jobs in order, with their subjects. */
export function insertJobs(service: string, rows: readonly JobRow[]): readonly Statement[] {
  const [first] = rows
  const inserted =
    rows.length === 1 && isReady(first!)
      ? insertReadyJob(service, first!)
      : { ...insert, values: [JSON.stringify(rows), service] }
  return [inserted, ...insertSubjects(service, 'job', rows)]
}

/**
 * Returns whether a job is due immediately, has no limits, and runs as its transaction's tenant,
 * like most jobs.
 */
function isReady({ delayMs, atMs, limitKey, rateKey, uniqueKey, tenant }: JobRow): boolean {
  return [delayMs, atMs, limitKey, rateKey, uniqueKey, tenant].every((option) => option === undefined)
}

/** Inserts a ready job. Takes three quarters of the general statement's server time. */
function insertReadyJob(service: string, row: JobRow): Statement {
  const { id, name, input, priority, shareKey, traceparent } = row
  return { ...insertReady, values: [service, id, name, input, priority, shareKey, traceparent] }
}

/**
 * Inserts a job unless another job holds its unique key. Returns the job's id if the job was
 * inserted.
 */
export function insertUniqueJob(service: string, row: JobRow): Statement {
  return { ...insertUnique, values: [JSON.stringify([row]), service] }
}

/** A unique key of a service's jobs. */
export interface UniqueKey {
  readonly service: string
  readonly name: string
  readonly key: string
  /** The tenant that has the key. Default: the tenant of the transaction. */
  readonly tenant?: string | undefined
}

/**
 * Finds the unclaimed job that holds a unique key, and locks it against claims until the
 * transaction ends. If the job ran before the commit, it would miss the writes of this transaction.
 */
export function lockUniqueJob({ service, name, key, tenant }: UniqueKey): Statement {
  return {
    name: 'holdfast_lock_unique_job',
    text: `
      select id from holdfast.jobs
      where service = $1 and name = $2 and unique_key = $3 and holds_key and state <> 'running'
        and coalesce(tenant, '') = ${tenantOf('$4')}
      for key share`,
    values: [service, name, key, tenant ?? null],
  }
}

/**
 * Finds the running job that holds a unique key until it ends. The job is not locked, so it can end
 * without waiting for this transaction.
 */
export function findRunningUniqueJob({ service, name, key, tenant }: UniqueKey): Statement {
  return {
    name: 'holdfast_find_running_unique_job',
    text: `
      select id from holdfast.jobs
      where service = $1 and name = $2 and unique_key = $3 and holds_key and state = 'running'
        and coalesce(tenant, '') = ${tenantOf('$4')}`,
    values: [service, name, key, tenant ?? null],
  }
}

/** Registers the job names of a service. */
export function registerNames(service: string, names: readonly string[]): Statement {
  return {
    name: 'holdfast_register_job_names',
    text: `
      insert into holdfast.job_names (service, name)
      select $1, name from unnest($2::text[]) as name order by name
      on conflict do nothing`,
    values: [service, names],
  }
}

/**
 * Returns SQL for the given tenant, or by default for the transaction's; an empty text means no
 * tenant.
 */
function tenantOf(given: string): string {
  return `coalesce(${given}, current_setting('holdfast.tenant', true), '')`
}

const insertion = `
      insert into holdfast.jobs (
        service, id, name, input, priority, run_at, state, unique_key, holds_key, keeps_key, limit_key, rate_key, share_key,
        traceparent, tenant
      )
      select
        $2, row.id, row.name, row.input::json, row.priority, due.run_at,
        case
          when due.run_at > now() then 'scheduled'
          ${limitedOrReady({ slot: 'row."limitKey" is not null', turn: 'row."rateKey" is not null' })}
        end,
        row."uniqueKey", row."uniqueKey" is not null, coalesce(row."uniqueUntil" = 'ended', false), row."limitKey",
        row."rateKey", row."shareKey", row.traceparent, nullif(${tenantOf('row.tenant')}, '')
      from rows from (
        json_to_recordset($1::json) as (
          id uuid, name text, input text, priority smallint, "delayMs" double precision, "atMs" double precision,
          "uniqueKey" text, "uniqueUntil" text, "limitKey" text, "rateKey" text, "shareKey" text, traceparent text,
          tenant text
        )
      ) with ordinality as row (
        id, name, input, priority, "delayMs", "atMs", "uniqueKey", "uniqueUntil", "limitKey", "rateKey", "shareKey",
        traceparent, tenant, n
      )
      cross join lateral (
        select coalesce(
          to_timestamp(row."atMs" / 1000),
          now() + make_interval(secs => row."delayMs" / 1000),
          now()
        ) as run_at
      ) as due
      order by row.n`

const insert = { name: 'holdfast_insert_jobs', text: insertion, isInsert: true } as const

const insertUnique = {
  name: 'holdfast_insert_unique_job',
  text: `${insertion}
      on conflict (service, name, unique_key, coalesce(tenant, '')) where holds_key do nothing
      returning id`,
}

const insertReady = {
  name: 'holdfast_insert_ready_job',
  text: `
      insert into holdfast.jobs (service, id, name, input, priority, state, share_key, traceparent)
      values ($1, $2, $3, $4, $5, 'ready', $6, $7)`,
  isInsert: true,
} as const
