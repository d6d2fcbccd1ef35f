import { callSite } from '../base/call-site.ts'
import type { EventType, PublishedMessage } from './event.ts'
import type { ServiceHost } from '../host/service-host.ts'

/** A message on its way to a broker. */
export type RelayedMessage = PublishedMessage

/**
 * A broker that accepts messages: the port that the adapters `nats(…)` and `bullmq(…)` implement.
 */
export interface Broker {
  /** Name of the kind of broker, for error messages: `'nats'`. */
  readonly name: string
  /**
   * Connects to the broker. Rejects if `signal` is aborted first; the relay then connects again
   * later.
   */
  connect(host: ServiceHost, signal: AbortSignal): Promise<BrokerConnection>
}

/** A connection to a broker. */
export interface BrokerConnection {
  /**
   * Sends messages in order, and resolves when the broker has stored all of them. If it rejects,
   * all of these messages are sent again, and the broker recognizes duplicates by the message ids.
   */
  send(messages: readonly RelayedMessage[], signal: AbortSignal): Promise<void>
  close(): Promise<void>
}

/** Forwards the messages of some events to a broker, at least once each, and in order per key. */
export interface Relay {
  readonly kind: 'relay'
  /**
   * Identifies the relay's position in the database, so do not change it. Unique within the
   * service.
   */
  readonly name: string
  /** The events to forward; `undefined` forwards all of them. */
  readonly events: readonly EventType[] | undefined
  readonly to: Broker
  /** The file and line of the definition. */
  readonly definedAt: string
}

/** Options of a relay. */
export interface RelayDefinition {
  /**
   * Identifies the relay's position in the database, so do not change it. Unique within the
   * service.
   */
  readonly name: string
  /** The events to forward. Default: all events. */
  readonly events?: readonly EventType<unknown, unknown>[]
  /** The broker that receives the messages: `nats({ … })`, `bullmq({ … })`. */
  readonly to: Broker
}

/**
 * Declares a relay.
 *
 * @example
 * ```ts
 * import { nats } from 'holdfast/nats'
 *
 * const toNats = relay({
 *   name: 'nats',
 *   events: [OrderPlaced],
 *   to: nats({ servers: 'nats://127.0.0.1:4222' }),
 * })
 *
 * service({ name: 'shop', operations: {}, relays: [toNats] })
 * ```
 */
export function relay(definition: RelayDefinition): Relay {
  return {
    kind: 'relay',
    name: definition.name,
    events: definition.events as readonly EventType[] | undefined,
    to: definition.to,
    definedAt: callSite(relay),
  }
}
