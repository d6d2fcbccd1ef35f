import type { Message } from '../kernel/event.ts'
import type { Json } from '../kernel/json.ts'
import { described, type Schema } from '../kernel/schema.ts'

/** A message as JSON: what the job of a consumer is given. */
export interface ConsumedMessage extends Omit<Message<Json>, 'publishedAt'> {
  /** ISO 8601. */
  readonly publishedAt: string
}

/** What a consumer's job takes. The framework enqueues it itself; the payload is judged by the event's own schema when it runs. */
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
