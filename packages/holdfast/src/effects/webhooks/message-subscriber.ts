import { isStorableText } from '../../kernel/base/storable-text.ts'
import type { Subscriber } from '../../kernel/background/background.ts'
import type { EventType, Message } from '../../kernel/background/event.ts'
import type { Json } from '../../kernel/base/json.ts'
import type { JobType } from '../../kernel/background/job-type.ts'
import { runStatement } from '../../storage/postgres/statement/statement-client.ts'
import { insertSubjects } from '../subjects/queries/insert-subjects.ts'
import type { DeliveryInput } from './delivery-job.ts'
import { type OutgoingMessage, planDeliveries, type PlannedRow } from './queries/plan-deliveries.ts'
import { pruneWebhookMessages } from './queries/prune-messages.ts'

/** Dependencies of {@link messageSubscriber}. */
export interface MessageSubscriberParts {
  readonly events: readonly EventType[]
  readonly ownerOf: (message: Message<never>) => string | readonly string[] | undefined
  readonly job: JobType<DeliveryInput>
  readonly retentionMs: number
}

// Larger than a batch of messages, so that pruning keeps up with new messages.
const pruneBatch = 400

/**
 * Returns the subscriber that creates the deliveries of messages, and enqueues a job for each
 * delivery.
 */
export function messageSubscriber({ events, ownerOf, job, retentionMs }: MessageSubscriberParts): Subscriber {
  const sent = new Set(events.map(({ name }) => name))

  function toOutgoing(message: Message<Json>): readonly OutgoingMessage[] {
    if (!sent.has(message.event)) return []
    // An owner whose name cannot be stored has no endpoints, and must not block other messages.
    const owners = new Set([ownerOf(message as Message<never>) ?? []].flat().filter(isStorableText))
    if (owners.size === 0) return []
    const { id, event, payload, publishedAt } = message
    const body = JSON.stringify({ type: event, timestamp: publishedAt.toISOString(), data: payload })
    return [...owners].map((owner) => ({ id, event, owner, body }))
  }

  return {
    name: 'webhooks',
    events,
    async handle(messages, { transaction, jobs }) {
      const outgoing = messages.flatMap(toOutgoing)
      if (outgoing.length === 0) return
      const { service } = transaction
      await runStatement(transaction, pruneWebhookMessages(service, { retentionMs, limit: pruneBatch }))
      const planned = await runStatement<PlannedRow>(transaction, planDeliveries(service, outgoing))
      const byId = new Map(messages.map((message) => [message.id, message]))
      const sent = new Set(planned.map(({ message }) => byId.get(message)!))
      for (const statement of insertSubjects(service, 'webhook', [...sent]))
        await runStatement(transaction, statement)
      for (const { delivery, endpoint, owner, message } of planned) {
        const { traceparent, subjects } = byId.get(message)!
        await jobs.enqueue(job, { delivery, endpoint, owner }, { traceparent, subjects })
      }
    },
  }
}
