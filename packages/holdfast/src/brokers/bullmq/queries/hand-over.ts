import type { Statement } from '../../../storage/postgres/statement/statement.ts'

/** A job to hand over to BullMQ. */
export interface HandedRow {
  readonly id: string
  readonly name: string
  readonly priority: number
}

// A handed-over job is `waiting`, and due at infinity, so the Postgres engine ignores it.
const handedOver = `state = 'waiting' and run_at = 'infinity'`

/** Each query selects one state, so that Postgres uses the state's index. */
function oldestIn(state: 'ready' | 'limited' | 'blocked'): string {
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

/** Selects the jobs to hand over. */
export interface HandoverOf {
  readonly service: string
  readonly names: readonly string[]
  readonly limit: number
}

/**
 * Marks the next due jobs as handed over: highest priority first and, within a priority, oldest
 * first. Skips jobs of paused names. BullMQ enforces the limits, so limited and blocked jobs are
 * handed over too.
 */
export function handOver({ service, names, limit }: HandoverOf): Statement {
  return {
    name: 'holdfast_hand_over_jobs',
    text: `
      with ready as materialized (${oldestIn('ready')}
      ), limited as materialized (${oldestIn('limited')}
      ), blocked as materialized (${oldestIn('blocked')}
      ), picked as materialized (
        select id, priority, seq
        from (table ready union all table limited union all table blocked) as every
        order by priority desc, seq
        limit $2
      ), handed as (
        update holdfast.jobs set
          -- The database does not learn when BullMQ starts the job. So a unique key that is held
          -- until the start is released now, and a change that is committed after this enqueues
          -- another job.
          state = 'waiting', run_at = 'infinity', holds_key = holds_key and keeps_key
        from picked where jobs.id = picked.id
        returning jobs.id, jobs.name
      )
      select id, name, priority from handed join picked using (id) order by priority desc, seq`,
    values: [names, limit, service],
  }
}

/**
 * Takes the handover lock of a queue until the transaction ends, if the lock is free. Only one
 * process at a time hands jobs over, which keeps their order.
 */
export function lockHandover(queue: string): Statement {
  return {
    name: 'holdfast_lock_handover',
    text: `select pg_try_advisory_xact_lock(hashtextextended('holdfast handover ' || $1, 0)) as is_locked`,
    values: [queue],
  }
}

/** Finds handed-over jobs whose ids follow the given id. */
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

/** Takes back jobs that an earlier configuration handed over to BullMQ. */
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
