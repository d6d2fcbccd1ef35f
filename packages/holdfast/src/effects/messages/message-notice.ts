import type { Subscriber } from '../../kernel/background/background.ts'
import type { Consumer } from '../../kernel/background/consumer.ts'
import type { Relay } from '../../kernel/background/relay.ts'

/** A notification about messages of a service. */
export interface MessageNotice {
  readonly service: string
  /** The names of the messages' events; `undefined` means any event. */
  readonly names: ReadonlySet<string> | undefined
}

/** Returns a predicate for the consumers of a service that read these messages. */
export function isConsumedBy(messages: MessageNotice, service: string): (consumer: Consumer) => boolean {
  return ({ event, publisher = service }) =>
    publisher === messages.service && messages.names?.has(event.name) !== false
}

/** Returns a predicate for the subscribers and relays of a service that read these messages. */
export function isReadBy(messages: MessageNotice, service: string): (reader: Subscriber | Relay) => boolean {
  return ({ events }) =>
    messages.service === service && (events?.some(({ name }) => messages.names?.has(name) !== false) ?? true)
}
