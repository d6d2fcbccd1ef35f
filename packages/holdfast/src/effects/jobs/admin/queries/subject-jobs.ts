import type { Statement } from '../../../../storage/postgres/statement/statement.ts'
import { deleteSubjectsOf } from '../../../subjects/queries/delete-subjects.ts'
import { pageValues, subjectRows, theseIds } from '../../../subjects/queries/find-subject-rows.ts'
import type { SubjectPage } from '../../../subjects/subject-source.ts'
import { jobColumns } from './read-jobs.ts'

/** Finds jobs of a subject. `state` is `null` for a job that has ended or is gone. */
export function findSubjectJobs(page: SubjectPage): Statement {
  return {
    text: `
      select found.id, coalesce(active.name, ended.name, '') as name, active.state,
        (active.name is not null or ended.name is not null)::int as jobs
      from (${subjectRows('job')}
      ) as found
      left join lateral (select name, state from holdfast.jobs where jobs.id = found.id offset 0) as active on true
      left join lateral (select name from holdfast.ended_jobs where ended_jobs.id = found.id offset 0) as ended on true
      order by found.id`,
    values: pageValues(page),
  }
}

/** Reads jobs in full, with their steps. */
export function readSubjectJobs(ids: readonly string[]): Statement {
  return {
    text: `
      select 'job' as kind, ${jobColumns},
        jobs.input, jobs.progress, jobs.unique_key as "uniqueKey", jobs.limit_key as "limitKey",
        jobs.rate_key as "rateKey", jobs.share_key as "shareKey", jobs.traceparent, jobs.expires_at as "expiresAt",
        coalesce((
          select json_agg(json_build_object(
            'name', steps.name, 'isDone', is_done, 'result', result, 'createdAt', created_at,
            'awaits', (
              select json_build_object('event', event, 'key', key) from holdfast.job_waits
              where job_waits.job_id = jobs.id and job_waits.step = steps.name
            )
          ) order by created_at, steps.name)
          from holdfast.job_steps as steps where steps.job_id = jobs.id
        ), '[]') as steps
      from holdfast.all_jobs as jobs
      where jobs.id = ${theseIds}
      order by jobs.id`,
    values: [ids],
  }
}

/** A deleted job. */
export interface DeletedJobRow {
  readonly service: string
  readonly name: string
  /**
   * The concurrency key of the slot that the caller must release; `null` if the job had no slot.
   */
  readonly freed_key: string | null
  /** The keys of the job's limits. */
  readonly limit_key: string | null
  readonly rate_key: string | null
}

function deleteJobs(deletion: string): string {
  return `
      with gone as (
        ${deletion}
        returning id, service, name, case when has_slot then limit_key end as freed_key, limit_key, rate_key
      ), steps as (
        delete from holdfast.job_steps where job_id = any (array(select id from gone))
      ), waits as (
        delete from holdfast.job_waits where job_id = any (array(select id from gone))
      )
      select service, name, freed_key, limit_key, rate_key from gone order by name, freed_key`
}

/** Deletes waiting jobs, unless a worker has claimed them in the meantime. */
export function deleteWaitingJobs(ids: readonly string[]): Statement {
  return {
    text: deleteJobs(`delete from holdfast.jobs where id = ${theseIds} and state <> 'running'`),
    values: [ids],
  }
}

/** Deletes ended jobs. */
export function deleteEndedJobs(ids: readonly string[]): Statement {
  return { text: deleteJobs(`delete from holdfast.ended_jobs where id = ${theseIds}`), values: [ids] }
}

/**
 * Deletes the idle limits of deleted jobs, whose keys may name a person. A limit that other jobs
 * still use is deleted later, when idle limits are pruned.
 */
export function deleteIdleLimits(jobs: readonly DeletedJobRow[]): Statement {
  const keys = jobs.flatMap(({ service, name, limit_key: limit, rate_key: rate }) => [
    ...(limit === null ? [] : [{ service, name, kind: 'concurrency', key: limit }]),
    ...(rate === null ? [] : [{ service, name, kind: 'rate', key: rate }]),
  ])
  return {
    text: `
      with idle as materialized (
        select limits.ctid from (
          select distinct service, name, kind, key
          from json_to_recordset($1::json) as given (service text, name text, kind text, key text)
        ) as wanted
        cross join lateral (
          select ctid from holdfast.job_limits
          where service = wanted.service and name = wanted.name and kind = wanted.kind and key = wanted.key
            and slots = 0 and next_at <= now()
          offset 0
          for update skip locked
        ) as limits
      )
      delete from holdfast.job_limits where ctid = any (array(select ctid from idle))`,
    values: [JSON.stringify(keys)],
  }
}

/**
 * Deletes the subjects of jobs that no longer exist. Both tables of jobs are read in one snapshot,
 * so a job that is being redriven is always found in one of them.
 */
export function forgetDeletedJobs(ids: readonly string[]): Statement {
  return {
    text: deleteSubjectsOf(
      'job',
      `
        select id from unnest($1::uuid[]) as gone (id)
        where id <> all (array(select jobs.id from holdfast.jobs where jobs.id = ${theseIds}))
          and id <> all (array(select ended_jobs.id from holdfast.ended_jobs where ended_jobs.id = ${theseIds}))`,
    ),
    values: [ids],
  }
}
