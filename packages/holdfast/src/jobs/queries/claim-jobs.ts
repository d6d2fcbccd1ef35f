import type { Statement } from '../../postgres/statement.ts'
import type { ClaimOf } from '../claim-of.ts'

/** A job that a worker has claimed. */
export interface ClaimedRow extends ClaimOf {
  readonly name: string
  readonly priority: number
  readonly seq: number
  readonly input: unknown
  /** The number of attempts that have failed before. */
  readonly failures: number
  /** The number of its snoozes. */
  readonly snoozes: number
  /** The number of claims in a row whose worker died before it was known that they had begun. */
  readonly lost_claims: number
  readonly limit_key: string | null
  /** On whose behalf it runs, if it has slots of its own. */
  readonly share_key: string | null
  readonly has_place: boolean
  readonly traceparent: string | null
  /** How long it has been enqueued, in milliseconds. */
  readonly age_ms: number
}

/** Where a claim looks for ready jobs. */
export interface ClaimSegments {
  /** Those of one priority behind a `seq`. */
  readonly behind: readonly { readonly name: string; readonly priority: number; readonly after: number }[]
  /** All of these priorities. */
  readonly ranges: readonly { readonly name: string; readonly low: number; readonly high: number }[]
}

/** The jobs that are wanted. */
export interface Wanted {
  readonly service: string
  readonly segments: ClaimSegments
  /** How many of any share. */
  readonly room: number
  /** How many besides: the first of each share that is not busy. */
  readonly reserved: number
  /** The shares of which a job runs. */
  readonly busy: readonly string[]
}

/** Returns SQL of the ready jobs of the segments in $3 to $8, at most `limit` of each, as `ready`. */
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
        jobs.snoozes, jobs.lost_claims, jobs.limit_key, jobs.share_key, jobs.has_place, jobs.traceparent,
        extract(epoch from now() - jobs.enqueued_at)::double precision * 1000 as age_ms`

/**
 * Claims jobs that are ready, those of the highest priority first, among them the oldest, leaving out those that others
 * claim and those of names that are paused.
 */
export function claimJobs(worker: string, wanted: Wanted): Statement {
  if (wanted.reserved > 0) return claimWithReserve(worker, wanted)
  return {
    name: 'holdfast_claim_jobs',
    text: `
      with picked as materialized (
        select id from (${readyJobs('$9')}
        ) as ready
        order by priority desc, seq
        limit $9
      )${claimed}`,
    values: [...valuesOf(worker, wanted), wanted.room],
  }
}

/** The same if the first jobs of shares that are not busy have room of their own. */
function claimWithReserve(worker: string, wanted: Wanted): Statement {
  // If there is room for no other, those of a share that is busy are passed over.
  const condition = `
              and ($9::int > 0 or coalesce(share_key, name) <> all ($11::text[]))`
  return {
    name: 'holdfast_claim_jobs_reserved',
    text: `
      with candidates as materialized (${readyJobs('$9::int + $10::int', condition)}
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
    values: [...valuesOf(worker, wanted), wanted.room, wanted.reserved, wanted.busy],
  }
}
