import type { Statement } from '../../../storage/postgres/statement/statement.ts'
import type { ClaimOf } from '../claim/claim-of.ts'

// Statements of claims. A claim makes ready jobs run. Until an attempt ends, every statement about
// its job names the claim. If another worker has claimed the job since, such a statement has no
// effect.

/** A job that a worker has claimed. */
export interface ClaimedRow extends ClaimOf {
  readonly name: string
  readonly priority: number
  readonly seq: number
  readonly input: unknown
  /** The number of failed attempts. */
  readonly failures: number
  /** The number of times that the job has snoozed. */
  readonly snoozes: number
  /**
   * The number of consecutive claims whose worker died before the attempt was marked as started.
   */
  readonly lost_claims: number
  readonly limit_key: string | null
  /** The share that the job belongs to, if its name has shares. */
  readonly share_key: string | null
  readonly has_slot: boolean
  readonly traceparent: string | null
  /** The tenant that the job runs as; `null` for no tenant. */
  readonly tenant: string | null
  /** Time since the job was enqueued, in milliseconds. */
  readonly age_ms: number
}

/** The segments of the ready jobs that a claim searches. */
export interface ClaimSegments {
  /** Jobs of one name and priority with a greater `seq`. */
  readonly behind: readonly { readonly name: string; readonly priority: number; readonly after: number }[]
  /** All jobs of a name in a range of priorities. */
  readonly ranges: readonly { readonly name: string; readonly low: number; readonly high: number }[]
}

/** The jobs to claim. */
export interface Wanted {
  readonly service: string
  readonly segments: ClaimSegments
  /** Max number of jobs, regardless of their shares. */
  readonly room: number
  /** Max number of additional jobs: the first job of each share without a running job. */
  readonly reserved: number
  /** The shares with a running job. */
  readonly busy: readonly string[]
}

/**
 * Claims ready jobs: highest priority first and, within a priority, oldest first. Skips jobs that
 * other workers are claiming, and jobs of paused names.
 */
export function claimJobs(worker: string, wanted: Wanted): Statement {
  const values = [...valuesOf(worker, wanted), wanted.room]
  if (wanted.reserved === 0) return { ...claim, values }
  return { ...claimWithReserve, values: [...values, wanted.reserved, wanted.busy] }
}

/**
 * Marks jobs as started if these claims still hold them, and returns their claims. Marking a job
 * again changes nothing.
 */
export function markBegun(claims: readonly ClaimOf[]): Statement {
  return { ...mark, values: [claims.map(({ id }) => id), claims.map(({ claim }) => claim)] }
}

/** Stores the progress of a job if this claim still holds it. */
export function storeProgress({ id, claim }: ClaimOf, value: string): Statement {
  return {
    name: 'holdfast_store_progress',
    text: `update holdfast.jobs set progress = $3 where id = $1 and claim = $2 and state = 'running'`,
    values: [id, claim, value],
  }
}

/** Finds a worker's claims whose jobs have been cancelled. */
export function findCancelled(worker: string): Statement {
  return {
    name: 'holdfast_find_cancelled',
    text: `select id, claim from holdfast.jobs where worker = $1 and is_cancelled`,
    values: [worker],
  }
}

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
 * Releases claims of jobs with these names that the worker does not know of, because the reply was
 * lost.
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

/**
 * SQL condition that selects running jobs of `holdfast.jobs` by their claims: $1 (job ids) and $2
 * (claim numbers).
 *
 * The planner does not know the length of an array that comes from a subquery. It assumes a short
 * array, so it always uses the primary key. If it knew the length, a plan made while the table was
 * small would later scan the whole table.
 */
export const byClaim = `jobs.id = any (array(select unnest($1::uuid[])))
        and (jobs.id, jobs.claim) in (select id, claim from unnest($1::uuid[], $2::int[]) as claimed (id, claim))
        and jobs.state = 'running'`

/**
 * Returns SQL that locks the ready jobs of the segments in $3 to $8, at most `limit` jobs per
 * segment. Their table alias is `ready`.
 */
function readyJobs(limit: string, condition = ''): string {
  const readyIn = (segment: string, where: string): string => `
          select ready.* from ${segment}
          cross join lateral (
            select id, priority, seq, coalesce(share_key, name) as share from holdfast.jobs
            where service = $2 and name = segment.name and state = 'ready' and ${where}${condition}
            order by priority desc, seq
            limit ${limit}
            for update skip locked
          ) as ready
          where not exists (
            select from holdfast.job_pauses where job_pauses.service = $2 and job_pauses.name = segment.name
          )`
  return `${readyIn(
    'unnest($3::text[], $4::int[], $5::bigint[]) as segment (name, priority, after)',
    'priority = segment.priority::smallint and seq > segment.after',
  )}
          union all${readyIn(
            'unnest($6::text[], $7::int[], $8::int[]) as segment (name, low, high)',
            'priority between segment.low::smallint and segment.high::smallint',
          )}`
}

function valuesOf(worker: string, { service, segments: { behind, ranges } }: Wanted): readonly unknown[] {
  return [
    worker,
    service,
    behind.map(({ name }) => name),
    behind.map(({ priority }) => priority),
    behind.map(({ after }) => after),
    ranges.map(({ name }) => name),
    ranges.map(({ low }) => low),
    ranges.map(({ high }) => high),
  ]
}

const claimed = `
      update holdfast.jobs set
        state = 'running', claim = claim + 1, worker = $1, claimed_at = now(), started_at = null,
        holds_key = holds_key and keeps_key
      from picked where jobs.id = picked.id
      returning jobs.id, jobs.claim, jobs.name, jobs.priority, jobs.seq::double precision as seq, jobs.input, jobs.failures,
        jobs.snoozes, jobs.lost_claims, jobs.limit_key, jobs.share_key, jobs.has_slot, jobs.traceparent, jobs.tenant,
        extract(epoch from now() - jobs.enqueued_at)::double precision * 1000 as age_ms`

const claim = {
  name: 'holdfast_claim_jobs',
  text: `
      with picked as materialized (
        select id from (${readyJobs('$9')}
        ) as ready
        order by priority desc, seq
        limit $9
      )${claimed}`,
}

// If only reserved slots are free, jobs of shares with a running job are skipped.
const mayUseRoom = `
              and ($9::int > 0 or coalesce(share_key, name) <> all ($11::text[]))`

/** Like `claim`, with reserved slots for the first jobs of shares without a running job. */
const claimWithReserve = {
  name: 'holdfast_claim_jobs_reserved',
  text: `
      with candidates as materialized (${readyJobs('$9::int + $10::int', mayUseRoom)}
      ), firsts as (
        select id, priority, seq,
          share <> all ($11) and row_number() over (partition by share order by priority desc, seq) = 1 as is_first
        from candidates
      ), placed as (
        select id, priority, seq,
          is_first and row_number() over (partition by is_first order by priority desc, seq) <= $10 as is_reserved
        from firsts
      ), picked as materialized (
        select id from (
          select id, priority, seq, is_reserved,
            row_number() over (partition by is_reserved order by priority desc, seq) as place
          from placed
        ) as ranked
        where is_reserved or place <= $9
        order by priority desc, seq
      )${claimed}`,
}

const mark = {
  name: 'holdfast_mark_begun',
  text: `
      update holdfast.jobs set started_at = coalesce(started_at, now())
      where ${byClaim}
      returning jobs.id, jobs.claim`,
}
