import type { Json } from '../kernel/json.ts'
import type { RelayedMessage } from '../kernel/relay.ts'

/** A message as brokers get it, in JSON. */
export interface BrokerMessage {
  /** The same however often it arrives: what duplicates are told by. A UUID. */
  readonly id: string
  /** The event's name. */
  readonly event: string
  readonly key: string
  readonly payload: Json
  /** When its transaction published it, by the database's clock, in ISO 8601. */
  readonly publishedAt: string
  /** W3C Trace Context of the call that published it, where it has one. */
  readonly traceparent?: string
}

export function toBrokerMessage(message: RelayedMessage): BrokerMessage {
  const { id, event, key, payload, publishedAt, traceparent } = message
  return {
    id,
    event,
    key,
    payload,
    publishedAt: publishedAt.toISOString(),
    ...(traceparent === undefined ? {} : { traceparent }),
  }
}
