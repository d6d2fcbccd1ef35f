import type { Statement } from '../../../storage/postgres/statement/statement.ts'
import { deleteSubjectsOf } from '../../subjects/queries/delete-subjects.ts'

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
      with gone as (
        delete from holdfast.webhook_messages where id = any (array(
          select id from holdfast.webhook_messages
          where service = $3 and created_at < now() - make_interval(secs => $1::double precision / 1000)
          order by created_at
          limit $2
          for update skip locked
        ))
        returning id
      )
      ${deleteSubjectsOf('webhook', 'select id from gone')}`,
    values: [retentionMs, limit, service],
  }
}
