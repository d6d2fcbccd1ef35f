import type { Statement } from '../../postgres/statement.ts'

/** How an attempt ends. */
export interface AttemptEnd {
  readonly state: 'succeeded' | 'scheduled' | 'ready' | 'waiting' | 'dead' | 'cancelled'
  /** When a job that goes on may do so, from now on; absent: at once, or, of a waiting one, never by itself. */
  readonly delayMs?: number
  /** Whether it counts as a try that failed. */
  readonly isFailure?: boolean
  /** Whether the job asked to run later, which counts as no attempt. */
  readonly isSnooze?: boolean
  /** What went wrong, for whoever looks. */
  readonly failure?: Readonly<Record<string, unknown>>
  /** Whether it keeps its place among those of its concurrency key. */
  readonly keepsPlace?: boolean
  /** How long it is kept once it has ended, in milliseconds. Default {@link deadRetentionMs}: one that was to go on may have been cancelled. */
  readonly retentionMs?: number
}

/** How long a job that did not come to its end is kept, in milliseconds, to be looked at and redriven. */
export const deadRetentionMs: number = 30 * 86_400_000

/** What {@link endAttempt} left. */
export interface EndedRow {
  /** Another than that which was asked for where the job has been cancelled. */
  readonly state: string
  /** Whether it has kept its place. */
  readonly has_place: boolean
}

const set = `
        state = ended.state,
        run_at = case when ended.state = 'waiting' and $4::double precision is null then 'infinity'
          else now() + make_interval(secs => coalesce($4, 0) / 1000) end,
        failures = failures + $5::int,
        snoozes = snoozes + $9::int,
        failure = coalesce($6::jsonb, failure),
        has_place = has_place and $7 and not ended.is_over,
        has_turn = false,
        worker = null,
        finished_at = case when ended.is_over then now() end,
        expires_at = case when ended.is_over then now() + make_interval(secs => $8::double precision / 1000) end
      from (
        select id, state, state in ('succeeded', 'dead', 'cancelled') as is_over
        from (
          select id, case when is_cancelled and $3 in ('scheduled', 'ready', 'waiting') then 'cancelled' else $3 end as state
          from holdfast.jobs
          where id = $1 and attempt = $2 and state = 'running'
          for update
        ) as held
      ) as ended
      where jobs.id = ended.id`

function valuesOf(id: string, attempt: number, end: AttemptEnd): readonly unknown[] {
  return [
    id,
    attempt,
    end.state,
    end.delayMs ?? null,
    end.isFailure === true ? 1 : 0,
    end.failure === undefined ? null : JSON.stringify(end.failure),
    end.keepsPlace === true,
    end.retentionMs ?? deadRetentionMs,
    end.isSnooze === true ? 1 : 0,
  ]
}

/** Ends an attempt, if the job is still its own; gives no row otherwise. */
export function endAttempt(id: string, attempt: number, end: AttemptEnd): Statement {
  return {
    name: 'holdfast_end_attempt',
    text: `update holdfast.jobs set ${set} returning jobs.state, jobs.has_place`,
    values: valuesOf(id, attempt, end),
  }
}

/** Ends an attempt in its transaction, which fails with {@link fenceLost} where the job is no longer its own. */
export function endAttemptFenced(id: string, attempt: number, end: AttemptEnd): Statement {
  return {
    name: 'holdfast_end_attempt_fenced',
    text: `
      with done as (update holdfast.jobs set ${set} returning 1)
      select holdfast.check_fence(exists (select from done))`,
    values: valuesOf(id, attempt, end),
  }
}

/** The SQLSTATE of a transaction whose job has been taken over, or cancelled. */
export const fenceLost = 'HF001'
