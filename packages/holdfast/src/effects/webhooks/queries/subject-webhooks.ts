import type { Statement } from '../../../storage/postgres/statement/statement.ts'
import { deleteSubjectsOf } from '../../subjects/queries/delete-subjects.ts'
import { pageValues, subjectRows, theseIds } from '../../subjects/queries/find-subject-rows.ts'
import type { SubjectInService, SubjectPage } from '../../subjects/subject-source.ts'
import { isKept } from './erased-message.ts'

/**
 * Returns SQL for the deliveries of a subject's unfinished jobs. The parameters are the
 * placeholders for the subject, its service and the job name.
 */
function liveDeliveries(subject: string, service: string, job: string): string {
  return `live as materialized (
        select jobs.input ->> 'delivery' as delivery, jobs.state from holdfast.subjects as own
        cross join lateral (
          select input, state from holdfast.jobs where jobs.id = own.id and jobs.name = ${job} offset 0
        ) as jobs
        where own.subject = ${subject} and own.service = ${service} and own.kind = 'job'
      )`
}

/** Finds webhook messages of a subject, and whether they have pending deliveries. */
export function findSubjectWebhooks(page: SubjectPage, job: string): Statement {
  return {
    text: `
      with ${liveDeliveries('$1', '$2', '$5')}
      select found.id, coalesce(messages.event, '') as name,
        coalesce(messages.is_kept, false)::int as webhooks,
        case when messages.is_kept then deliveries.count else 0 end as deliveries,
        deliveries.is_pending, deliveries.is_running
      from (${subjectRows('webhook')}
      ) as found
      left join lateral (
        select event, ${isKept('webhook_messages')} as is_kept from holdfast.webhook_messages
        where webhook_messages.id = found.id offset 0
      ) as messages on true
      cross join lateral (
        select count(*)::int as count, coalesce(bool_or(state = 'pending'), false) as is_pending,
          coalesce(bool_or(state = 'pending' and exists (
            select from live where live.state = 'running' and live.delivery = webhook_deliveries.id::text
          )), false) as is_running
        from holdfast.webhook_deliveries where message_id = found.id
      ) as deliveries
      order by found.id`,
    values: [...pageValues(page), job],
  }
}

/** Reads webhook messages with their deliveries and attempts. */
export function readSubjectWebhooks(ids: readonly string[]): Statement {
  return {
    text: `
      select 'webhook' as kind, messages.id, messages.service, messages.event, messages.body, messages.created_at as "createdAt",
        coalesce((
          select json_agg(json_build_object(
            'id', deliveries.id, 'endpoint', deliveries.endpoint_id, 'owner', endpoints.owner, 'url', endpoints.url,
            'state', deliveries.state, 'createdAt', deliveries.created_at, 'endedAt', deliveries.ended_at,
            'attempts', coalesce((
              select json_agg(json_build_object(
                'attemptedAt', attempted_at, 'durationMs', duration_ms, 'status', status, 'answer', answer, 'failure', failure
              ) order by attempts.seq)
              from holdfast.webhook_attempts as attempts where attempts.delivery_id = deliveries.id
            ), '[]')
          ) order by deliveries.seq)
          from holdfast.webhook_deliveries as deliveries
          cross join lateral (
            select owner, url from holdfast.webhook_endpoints where id = deliveries.endpoint_id offset 0
          ) as endpoints
          where deliveries.message_id = messages.id
        ), '[]') as deliveries
      from holdfast.webhook_messages as messages
      where messages.id = ${theseIds} and ${isKept('messages')}
      order by messages.id`,
    values: [ids],
  }
}

/**
 * Locks the deliveries of messages until the transaction ends, so that a concurrent replay waits
 * and finds them erased.
 */
export function lockDeliveries(ids: readonly string[]): Statement {
  return {
    text: `
      select from holdfast.webhook_deliveries where message_id = ${theseIds}
      order by id
      for update`,
    values: [ids],
  }
}

/** Marks the pending deliveries of messages as failed, unless they have an unfinished job. */
export function failPendingDeliveries(
  ids: readonly string[],
  { subject, service }: SubjectInService,
  job: string,
): Statement {
  return {
    text: `
      with ${liveDeliveries('$2', '$3', '$4')}
      update holdfast.webhook_deliveries set state = 'failed', ended_at = now()
      where message_id = ${theseIds} and state = 'pending'
        and not exists (select from live where live.delivery = webhook_deliveries.id::text)`,
    values: [ids, subject, service, job],
  }
}

/**
 * Removes the bodies of messages without a pending delivery, and the receivers' answers. The
 * deliveries and their attempts stay.
 */
export function eraseWebhookMessages(ids: readonly string[]): Statement {
  return {
    text: `
      with gone as materialized (
        select given.id from unnest($1::uuid[]) as given (id)
        where given.id <> all (array(
          select message_id from holdfast.webhook_deliveries where message_id = ${theseIds} and state = 'pending'
        ))
      ), erased as (
        update holdfast.webhook_messages set body = ''
        where id = any (array(select id from gone)) and ${isKept('webhook_messages')}
        returning id
      ), answers as (
        update holdfast.webhook_attempts set answer = null
        where delivery_id = any (array(
          select id from holdfast.webhook_deliveries where message_id = any (array(select id from gone))
        )) and answer is not null
      ), forgotten as (
        ${deleteSubjectsOf('webhook', 'select id from gone')}
      )
      select (select count(*)::int from erased) as webhooks,
        (
          select count(*)::int from holdfast.webhook_deliveries
          where message_id = any (array(select id from erased))
        ) as deliveries`,
    values: [ids],
  }
}
