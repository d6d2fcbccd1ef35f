import type { Statement } from '../../../storage/postgres/statement/statement.ts'

/**
 * Deletes at most `limit` messages of a service that are older than its retention, with their
 * deliveries and attempts.
 */
export function pruneWebhookMessages(
  service: string,
  { retentionMs, limit }: { readonly retentionMs: number; readonly limit: number },
): Statement {
  return {
    text: `
      delete from holdfast.webhook_messages where id in (
        select id from holdfast.webhook_messages
        where service = $3 and created_at < now() - make_interval(secs => $1::double precision / 1000)
        order by created_at
        limit $2
        for update skip locked
      )`,
    values: [retentionMs, limit, service],
  }
}
