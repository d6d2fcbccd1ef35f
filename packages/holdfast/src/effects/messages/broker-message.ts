import type { Json } from '../../kernel/base/json.ts'
import type { RelayedMessage } from '../../kernel/background/relay.ts'

/** The JSON form in which brokers receive a message. */
export interface BrokerMessage {
  /** A UUID that stays the same on redelivery. Consumers use it to detect duplicates. */
  readonly id: string
  /** The event's name. */
  readonly event: string
  readonly key: string
  readonly payload: Json
  /** Time of publication according to the database's clock, in ISO 8601. */
  readonly publishedAt: string
  /** W3C Trace Context of the call that published the message, if the call had a trace. */
  readonly traceparent?: string
  /** The tenant of the call or job that published the message, if it had one. */
  readonly tenant?: string
}

export function toBrokerMessage(message: RelayedMessage): BrokerMessage {
  const { id, event, key, payload, publishedAt, traceparent, tenant } = message
  return {
    id,
    event,
    key,
    payload,
    publishedAt: publishedAt.toISOString(),
    ...(traceparent === undefined ? {} : { traceparent }),
    ...(tenant === undefined ? {} : { tenant }),
  }
}
