import { inboxConsumers } from './inbox-consumers.ts'
import type { Statement } from '../../../storage/postgres/statement/statement.ts'
import { deleteSubjectsOf } from '../../subjects/queries/delete-subjects.ts'
import { pageValues, subjectRows, theseIds } from '../../subjects/queries/find-subject-rows.ts'
import type { SubjectPage } from '../../subjects/subject-source.ts'

/** SQL for the subscriptions that have not read a message. */
const readers = `
        from holdfast.subscriptions
        where subscriptions.publisher = messages.service
          and (subscriptions.events is null or messages.event = any (subscriptions.events))
          and subscriptions.position < messages.position`

/**
 * Returns SQL for the dead letters of a message. The table has no index that begins with the
 * message. OFFSET 0 keeps the planner from reading all dead letters of a subscriber.
 */
function deadLettersOf(message: string): string {
  return `holdfast.subscriptions
        cross join lateral (
          select * from holdfast.dead_messages
          where dead_messages.service = subscriptions.service and dead_messages.subscriber = subscriptions.name
            and dead_messages.message_id = ${message}
          offset 0
        ) as dead
        where subscriptions.kind = 'subscriber'`
}

/** Finds messages of a subject, and the subscriptions that still need each message. */
export function findSubjectMessages(page: SubjectPage): Statement {
  return {
    text: `
      select found.id, coalesce(messages.event, '') as name, messages.id is not null and messages.position is null as is_new,
        (messages.id is not null)::int as messages,
        (select count(*)::int from ${deadLettersOf('messages.id')}) as "deadLetters",
        array(
          select format('the %s %s of %s', kind, subscriptions.name, subscriptions.service) ${readers}
          order by 1
        ) as needed_by
      from (${subjectRows('message')}
      ) as found
      left join lateral (
        select id, service, event, position from holdfast.messages where messages.id = found.id offset 0
      ) as messages on true
      order by found.id`,
    values: pageValues(page),
  }
}

/** Reads messages in full, with the consumers that have consumed them and their dead letters. */
export function readSubjectMessages(ids: readonly string[]): Statement {
  return {
    text: `
      with recursive ${inboxConsumers}
      select 'message' as kind, messages.id, messages.service, messages.event, messages.key, messages.payload, messages.subjects,
        messages.published_at as "publishedAt", messages.traceparent,
        coalesce((
          select json_agg(json_build_object('service', service, 'consumer', consumer, 'consumedAt', consumed_at))
          from consumers
          cross join lateral (
            select consumed_at from holdfast.inbox
            where inbox.service = consumers.service and inbox.consumer = consumers.consumer
              and inbox.message_id = messages.id
            offset 0
          ) as consumed
        ), '[]') as inbox,
        coalesce((
          select json_agg(json_build_object('service', dead.service, 'subscriber', subscriber, 'failure', dead.failure, 'diedAt', died_at))
          from ${deadLettersOf('messages.id')}
        ), '[]') as "deadLetters"
      from holdfast.messages
      where messages.id = ${theseIds}
      order by messages.id`,
    values: [ids],
  }
}

/** Deletes messages that all of their subscriptions have read, with the messages' dead letters. */
export function deleteSubjectMessages(ids: readonly string[]): Statement {
  return {
    text: `
      with gone as (
        delete from holdfast.messages
        where id = ${theseIds} and coalesce(position, -1) >= 0 and not exists (select ${readers})
        returning id
      ), dead as (
        delete from holdfast.dead_messages where (service, subscriber, message_id) in (
          select dead.service, dead.subscriber, dead.message_id from gone, ${deadLettersOf('gone.id')}
        )
        returning 1
      )
      select (select count(*)::int from gone) as messages, (select count(*)::int from dead) as "deadLetters"`,
    values: [ids],
  }
}

/** Deletes the subjects of messages that no longer exist. */
export function forgetDeletedMessages(ids: readonly string[]): Statement {
  return {
    text: deleteSubjectsOf(
      'message',
      `
        select id from unnest($1::uuid[]) as gone (id)
        where id <> all (array(select messages.id from holdfast.messages where messages.id = ${theseIds}))`,
    ),
    values: [ids],
  }
}
