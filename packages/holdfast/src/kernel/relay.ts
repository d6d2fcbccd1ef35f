import type { EventType, PublishedMessage } from './event.ts'
import type { Surroundings } from './surroundings.ts'

/** A message on its way to a broker. */
export type RelayedMessage = PublishedMessage

/** A broker that takes messages: the port that adapters implement, `nats(…)`, `bullmq(…)`. */
export interface Broker {
  /** What it is, for messages: `'nats'`. */
  readonly name: string
  /** Connects. Rejects where it cannot within `signal`; it is tried again. */
  connect(surroundings: Surroundings, signal: AbortSignal): Promise<BrokerConnection>
}

/** A broker that is connected to. */
export interface BrokerConnection {
  /**
   * Hands over messages in their order, and resolves when the broker has all of them safe. Rejects otherwise; they are then all handed over again,
   * which the broker tells from new ones by their ids.
   */
  send(messages: readonly RelayedMessage[], signal: AbortSignal): Promise<void>
  close(): Promise<void>
}

/** Sends the messages of some events on to a broker, at least once each, those of a key in order. */
export interface Relay {
  readonly kind: 'relay'
  /** Stable: how far it has got is recorded under it. Unique in the service. */
  readonly name: string
  /** Which events it sends on; `undefined`: all. */
  readonly events: readonly EventType[] | undefined
  readonly to: Broker
}

/** What a relay is defined with. */
export interface RelayDefinition {
  readonly name: string
  /** Default: all events. */
  readonly events?: readonly EventType<unknown, unknown>[]
  readonly to: Broker
}

/** Declares a relay. */
export function relay(definition: RelayDefinition): Relay {
  return {
    kind: 'relay',
    name: definition.name,
    events: definition.events as readonly EventType[] | undefined,
    to: definition.to,
  }
}
