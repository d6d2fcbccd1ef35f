import type { Statement } from '../../postgres/statement.ts'
import type { ClaimOf } from '../claim-of.ts'

/** A job that a worker has claimed. */
export interface ClaimedRow extends ClaimOf {
  readonly name: string
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

/** The jobs that are wanted. */
export interface Wanted {
  readonly service: string
  readonly names: readonly string[]
  /** How many of any share. */
  readonly room: number
  /** How many besides: the first of each share that is not busy. */
  readonly reserved: number
  /** The shares of which a job runs. */
  readonly busy: readonly string[]
}

const claimed = `
      update holdfast.jobs set
        state = 'running', claim = claim + 1, worker = $1, claimed_at = now(), started_at = null,
        holds_key = holds_key and keeps_key
      from picked where jobs.id = picked.id
      returning jobs.id, jobs.claim, jobs.name, jobs.input, jobs.failures, jobs.snoozes, jobs.lost_claims, jobs.limit_key,
        jobs.share_key, jobs.has_place, jobs.traceparent, extract(epoch from now() - jobs.enqueued_at)::double precision * 1000 as age_ms`

/**
 * Claims jobs that are ready, those of the highest priority first, among them the oldest, leaving out those that others
 * claim and those of names that are paused.
 */
export function claimJobs(worker: string, wanted: Wanted): Statement {
  if (wanted.reserved > 0) return claimWithReserve(worker, wanted)
  const { service, names, room } = wanted
  return {
    name: 'holdfast_claim_jobs',
    text: `
      with picked as materialized (
        select picked.id
        from unnest($2::text[]) as wanted (name)
        cross join lateral (
          select id, priority, seq from holdfast.jobs
          where service = $4 and name = wanted.name and state = 'ready'
          order by priority desc, seq
          limit $3
          for update skip locked
        ) as picked
        where not exists (
          select from holdfast.job_pauses where job_pauses.service = $4 and job_pauses.name = wanted.name
        )
        order by picked.priority desc, picked.seq
        limit $3
      )${claimed}`,
    values: [worker, names, room, service],
  }
}

/** The same where the first jobs of shares that are not busy have room of their own. */
function claimWithReserve(worker: string, { service, names, room, reserved, busy }: Wanted): Statement {
  return {
    name: 'holdfast_claim_jobs_reserved',
    text: `
      with candidates as materialized (
        select candidate.id, candidate.priority, candidate.seq, candidate.share
        from unnest($2::text[]) as wanted (name)
        cross join lateral (
          select id, priority, seq, coalesce(share_key, name) as share from holdfast.jobs
          where service = $6 and name = wanted.name and state = 'ready'
            -- If there is room for no other, those of a share that is busy are passed over.
            and ($3::int > 0 or coalesce(share_key, name) <> all ($5::text[]))
          order by priority desc, seq
          limit $3::int + $4::int
          for update skip locked
        ) as candidate
        where not exists (
          select from holdfast.job_pauses where job_pauses.service = $6 and job_pauses.name = wanted.name
        )
      ), firsts as (
        select id, priority, seq,
          share <> all ($5) and row_number() over (partition by share order by priority desc, seq) = 1 as is_first
        from candidates
      ), placed as (
        select id, priority, seq,
          is_first and row_number() over (partition by is_first order by priority desc, seq) <= $4 as is_reserved
        from firsts
      ), picked as materialized (
        select id from (
          select id, priority, seq, is_reserved,
            row_number() over (partition by is_reserved order by priority desc, seq) as place
          from placed
        ) as ranked
        where is_reserved or place <= $3
        order by priority desc, seq
      )${claimed}`,
    values: [worker, names, room, reserved, busy, service],
  }
}
