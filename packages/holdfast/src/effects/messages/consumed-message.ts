import type { Message } from '../../kernel/background/event.ts'
import type { Json } from '../../kernel/base/json.ts'
import { described, type Schema } from '../../kernel/schema/schema.ts'

/** The input of a consumer's job: a message as JSON. */
export interface ConsumedMessage extends Omit<Message<Json>, 'publishedAt'> {
  /** ISO 8601. */
  readonly publishedAt: string
}

/**
 * Input schema of a consumer's job. The framework enqueues these jobs; the payload is validated by
 * the event's schema when the job runs.
 */
export const consumedMessage: Schema<ConsumedMessage, ConsumedMessage> = described({
  type: 'object',
  properties: {
    id: { type: 'string', format: 'uuid' },
    event: { type: 'string' },
    key: { type: 'string' },
    payload: {},
    publishedAt: { type: 'string', format: 'date-time' },
  },
  required: ['id', 'event', 'key', 'payload', 'publishedAt'],
})

export function toConsumedMessage({ id, event, key, payload, publishedAt }: Message<Json>): ConsumedMessage {
  return { id, event, key, payload, publishedAt: publishedAt.toISOString() }
}
