import { runStatement } from '../../storage/postgres/statement/statement-client.ts'
import type { FoundRow, SubjectSource } from '../subjects/subject-source.ts'
import { deliveryJobName } from './delivery-job.ts'
import {
  eraseWebhookMessages,
  failPendingDeliveries,
  findSubjectWebhooks,
  lockDeliveries,
  readSubjectWebhooks,
} from './queries/subject-webhooks.ts'

interface FoundWebhook {
  readonly id: string
  readonly name: string
  readonly is_pending: boolean
  readonly is_running: boolean
  readonly webhooks: number
  readonly deliveries: number
}

/**
 * The webhooks of a subject: the body of each message, and the answers of its receivers. The
 * deliveries and their attempts are kept. While a delivery is pending, its message is not erased,
 * unless the erasure cancels waiting deliveries. Cancelled deliveries count as failed.
 */
export const webhookSource: SubjectSource = {
  kind: 'webhook',
  async find(client, page) {
    const rows = await runStatement<FoundWebhook>(client, findSubjectWebhooks(page, deliveryJobName))
    return rows.map(({ id, name, webhooks, deliveries, ...row }): FoundRow => ({
      id,
      name,
      held: holdOf(row),
      contents: { webhooks, deliveries },
    }))
  },
  read: (client, _, ids) => runStatement<object>(client, readSubjectWebhooks(ids)),
  async erase(client, of, { ids, cancelsWaiting }) {
    await runStatement(client, lockDeliveries(ids))
    if (cancelsWaiting) await runStatement(client, failPendingDeliveries(ids, of, deliveryJobName))
    const [erased] = await runStatement<{ webhooks: number; deliveries: number }>(
      client,
      eraseWebhookMessages(ids),
    )
    return { ...erased! }
  },
}

function holdOf({
  is_pending: isPending,
  is_running: isRunning,
}: Pick<FoundWebhook, 'is_pending' | 'is_running'>): FoundRow['held'] {
  if (isRunning) return 'running'
  return isPending ? 'waiting' : null
}
