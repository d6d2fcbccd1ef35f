import type { Statement } from '../../postgres/statement.ts'

/**
 * Deletes those among the messages of the lowest positions that are older than the retention and that every relay has sent, leaving out those that
 * another process deletes.
 */
export function pruneMessages(retentionMs: number, batch: number): Statement {
  return {
    name: 'holdfast_prune_messages',
    text: `
      with oldest as materialized (
        select id, position, published_at from holdfast.messages
        where position is not null
        order by position
        limit $2
      ), due as materialized (
        select messages.id from holdfast.messages join oldest using (id)
        where oldest.published_at < now() - make_interval(secs => $1::double precision / 1000)
          and not exists (select from holdfast.relays where relays.position < oldest.position)
        for update of messages skip locked
      )
      delete from holdfast.messages using due where messages.id = due.id`,
    values: [retentionMs, batch],
  }
}

/**
 * Deletes a batch of what consumers have consumed longer ago than the retention, unless its message is still there: that could be handed out
 * again.
 */
export function pruneInbox(retentionMs: number, batch: number): Statement {
  return {
    name: 'holdfast_prune_inbox',
    text: `
      delete from holdfast.inbox
      where ctid = any (array(
        select ctid from holdfast.inbox
        where consumed_at < now() - make_interval(secs => $1::double precision / 1000)
          and not exists (select from holdfast.messages where messages.id = inbox.message_id)
        limit $2
        for update skip locked
      ))`,
    values: [retentionMs, batch],
  }
}
