import type { Json } from './json.ts'
import type { InputOf, OutputOf, Schema } from './schema.ts'

/** What an event is declared with. */
export interface EventDefinition<P extends Schema> {
  /** What its messages carry. */
  readonly payload: P
  /** What has happened when it is published, in a sentence, for documentation. */
  readonly description?: string
}

/** Something that happens, and that others want to hear of: `transfer.created`. Its messages are published with `publish`. */
export interface EventType<Given = unknown, Payload = Given> {
  readonly kind: 'event'
  /** Stable: consumers, brokers and webhook endpoints name it. */
  readonly name: string
  readonly payload: Schema
  readonly description: string | undefined
  /** Never there; carries the types. */
  readonly types?: { readonly given: Given; readonly payload: Payload }
}

/**
 * Declares an event.
 *
 * @param name lower-case words with dots between them, in the past tense: `transfer.created`.
 */
export function event<P extends Schema>(
  name: string,
  definition: EventDefinition<P>,
): EventType<InputOf<P>, OutputOf<P>> {
  return { kind: 'event', name, payload: definition.payload, description: definition.description }
}

/** One occurrence of an event, as consumers get it. */
export interface Message<Payload = unknown> {
  /** The same wherever the message gets to, and however often: what duplicates are told by. A UUID. */
  readonly id: string
  /** The event's name. */
  readonly event: string
  /** What it is about. Messages of one event and key arrive in the order in which they were committed. */
  readonly key: string
  readonly payload: Payload
  /** When its transaction published it, by the database's clock. */
  readonly publishedAt: Date
}

/** A message with where it comes from, as those get it who hand it on. */
export interface PublishedMessage extends Message<Json> {
  /** The service that published it. */
  readonly service: string
  /** W3C Trace Context of the call that published it, where it has one. */
  readonly traceparent: string | undefined
}

/**
 * Publishes a message with the transaction: it is sent if, and only if, the transaction commits. Gives its id.
 *
 * @throws HoldfastError `message-invalid` where the payload is not what the event declares.
 */
export type Publish = <Given>(
  event: EventType<Given, unknown>,
  key: string,
  payload: NoInfer<Given>,
) => Promise<string>
