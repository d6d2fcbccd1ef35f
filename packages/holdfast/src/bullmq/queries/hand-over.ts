import type { Statement } from '../../postgres/statement.ts'

/** A job that BullMQ is to have. */
export interface HandedRow {
  readonly id: string
  readonly name: string
  readonly priority: number
}

// A job that BullMQ has waits for something outside of the database, without a time: the engine on Postgres leaves it alone.
const handedOver = `state = 'waiting' and run_at = 'infinity'`

/** One state of the three, so that its index is found. */
function oldestIn(state: 'ready' | 'gated' | 'parked'): string {
  return `
        select picked.id, picked.priority, picked.seq
        from unnest($1::text[]) as wanted (name)
        cross join lateral (
          select id, priority, seq from holdfast.jobs
          where service = $3 and name = wanted.name and state = '${state}'
          order by priority desc, seq
          limit $2
          for update skip locked
        ) as picked
        where not exists (
          select from holdfast.job_pauses where job_pauses.service = $3 and job_pauses.name = wanted.name
        )`
}

/** The jobs that are handed over. */
export interface HandoverOf {
  readonly service: string
  readonly names: readonly string[]
  readonly limit: number
}

/**
 * Takes the next jobs that may run: those of the highest priority first, among them the oldest, but none of a name that is
 * paused. Limits are BullMQ's: what Postgres holds back for one is taken as well.
 */
export function handOver({ service, names, limit }: HandoverOf): Statement {
  return {
    name: 'holdfast_hand_over_jobs',
    text: `
      with ready as materialized (${oldestIn('ready')}
      ), gated as materialized (${oldestIn('gated')}
      ), parked as materialized (${oldestIn('parked')}
      ), picked as materialized (
        select id, priority, seq
        from (table ready union all table gated union all table parked) as every
        order by priority desc, seq
        limit $2
      ), handed as (
        update holdfast.jobs set
          -- When it begins is not known here: what is committed from now on gets one more run.
          state = 'waiting', run_at = 'infinity', holds_key = holds_key and keeps_key
        from picked where jobs.id = picked.id
        returning jobs.id, jobs.name
      )
      select id, name, priority from handed join picked using (id) order by priority desc, seq`,
    values: [names, limit, service],
  }
}

/** Makes this transaction the one that hands jobs over to a queue, until it ends, where no other is: they keep their order. */
export function lockHandover(queue: string): Statement {
  return {
    name: 'holdfast_lock_handover',
    text: `select pg_try_advisory_xact_lock(hashtextextended('holdfast handover ' || $1, 0)) as is_locked`,
    values: [queue],
  }
}

/** Finds jobs that BullMQ was given, those after an id. */
export function findHandedOver({ service, names, limit }: HandoverOf, after: string): Statement {
  return {
    name: 'holdfast_find_handed_over',
    text: `
      select id, name, priority from holdfast.jobs
      where service = $4 and ${handedOver} and name = any($1) and id > $2
        and not exists (select from holdfast.job_waits where job_waits.job_id = jobs.id)
      order by id
      limit $3`,
    values: [names, after, limit, service],
  }
}

/** Takes jobs back that BullMQ was given when they were its own. */
export function takeBack(service: string, names: readonly string[]): Statement {
  return {
    name: 'holdfast_take_back_jobs',
    text: `
      update holdfast.jobs set state = 'scheduled', run_at = now()
      where service = $2 and ${handedOver} and name = any($1)
        and not exists (select from holdfast.job_waits where job_waits.job_id = jobs.id)`,
    values: [names, service],
  }
}
