import type { Statement } from '../../postgres/statement.ts'

/** Deletes messages that are older than the retention, with their deliveries and their tries: at most `limit` of them. */
export function pruneWebhookMessages(retentionMs: number, limit: number): Statement {
  return {
    text: `
      delete from holdfast.webhook_messages where id in (
        select id from holdfast.webhook_messages
        where created_at < now() - make_interval(secs => $1::double precision / 1000)
        order by created_at
        limit $2
        for update skip locked
      )`,
    values: [retentionMs, limit],
  }
}
