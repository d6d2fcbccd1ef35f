import { inboxConsumers } from './inbox-consumers.ts'
import type { Statement } from '../../../storage/postgres/statement/statement.ts'
import { deleteSubjectsOf } from '../../subjects/queries/delete-subjects.ts'

/** Parameters of {@link pruneMessages}. */
export interface OldMessages {
  readonly retentionMs: number
  /** The position up to which earlier passes have deleted everything, as a decimal integer. */
  readonly after: string
  readonly limit: number
}

/**
 * Deletes messages that are older than the retention, in the order of their positions. Returns the
 * number of deleted messages and the last position. A pass with nothing to delete reads one row:
 * `after` skips the dead index entries of earlier passes. Messages that a subscription has not read
 * are deleted too; messages without a position are kept.
 */
export function pruneMessages({ retentionMs, after, limit }: OldMessages): Statement {
  return {
    name: 'holdfast_prune_messages',
    text: `
      with due as (select now() - make_interval(secs => $1::double precision / 1000) as before),
      oldest as materialized (
        select id, position, published_at from holdfast.messages
        where position > $2
        order by position
        limit case when (
          select published_at from holdfast.messages where position > $2 order by position limit 1
        ) < (select before from due) then $3::bigint else 0 end
      ), deleted as (
        delete from holdfast.messages
        where id = any (array(
          select id from holdfast.messages
          where id = any (array(select id from oldest where published_at < (select before from due)))
          for update skip locked
        ))
        returning id, position
      ), subjects as (
        ${deleteSubjectsOf('message', 'select id from deleted')}
      )
      select count(*)::integer as count, max(position) as last from deleted`,
    values: [retentionMs, after, limit],
  }
}

/**
 * Deletes the inbox rows of messages whose ids are in a range of UUIDv7, at most `limit` per
 * consumer. Reads only the first row of each consumer and the rows that it deletes.
 */
export function pruneInbox(from: string, to: string, limit: number): Statement {
  return {
    name: 'holdfast_prune_inbox',
    text: `
      with recursive ${inboxConsumers}
      delete from holdfast.inbox using (
        select old.* from consumers
        cross join lateral (
          select service, consumer, message_id from holdfast.inbox
          where inbox.service = consumers.service and inbox.consumer = consumers.consumer
            and message_id >= $1 and message_id < $2
          order by message_id
          limit $3
        ) as old
      ) as due
      where inbox.service = due.service and inbox.consumer = due.consumer and inbox.message_id = due.message_id`,
    values: [from, to, limit],
  }
}

/** Deletes dead letters older than the retention, since their messages are deleted, too. */
export function pruneDead(retentionMs: number): Statement {
  return {
    text: `
      delete from holdfast.dead_messages
      where died_at < now() - make_interval(secs => $1::double precision / 1000)`,
    values: [retentionMs],
  }
}
