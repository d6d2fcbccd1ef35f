import type { Json } from '../base/json.ts'
import type { InputOf, OutputOf, Schema } from '../schema/schema.ts'
import type { Subjects } from './subject.ts'
import type { phantom } from '../base/phantom.ts'

/** The definition of an event. */
export interface EventDefinition<PayloadSchema extends Schema> {
  /** The schema of the payload of its messages. */
  readonly payload: PayloadSchema
  /** A description of the event in one sentence, for the documentation. Default: none. */
  readonly description?: string
  /**
   * Returns the subjects of a message: the people whose data its payload contains. An export or
   * erasure of their data includes the message, the jobs of its consumers and its webhooks.
   * Default: no subjects, so no export or erasure includes the message.
   */
  readonly subjectsOf?: (payload: OutputOf<PayloadSchema>) => Subjects
}

/** An event type, such as `transfer.created`. `publish` publishes its messages. */
export interface EventType<Given = unknown, Payload = Given> {
  readonly kind: 'event'
  /** Identifies the event for consumers, brokers and webhook endpoints, so do not change it. */
  readonly name: string
  readonly payload: Schema
  readonly description: string | undefined
  /** Returns the subjects of a message. Default: the message has no subjects. */
  readonly subjectsOf: ((payload: never) => Subjects) | undefined
  /** Type-only property; never set at run time. */
  readonly [phantom]?: { readonly given: Given; readonly payload: Payload }
}

/**
 * Declares an event.
 *
 * @param name lower-case words with dots between them, in the past tense: `transfer.created`.
 *
 * @example
 * ```ts
 * const OrderPlaced = event('order.placed', { payload: z.object({ order: z.int() }) })
 *
 * mutation({
 *   route: 'POST /orders',
 *   access: signedIn(),
 *   run: ({ publish }) => void publish(OrderPlaced, 'order-7', { order: 7 }),
 * })
 * ```
 */
export function event<PayloadSchema extends Schema>(
  name: string,
  definition: EventDefinition<PayloadSchema>,
): EventType<InputOf<PayloadSchema>, OutputOf<PayloadSchema>> {
  const { payload, description, subjectsOf } = definition
  return { kind: 'event', name, payload, description, subjectsOf }
}

/** One occurrence of an event, in the form that consumers receive. */
export interface Message<Payload = unknown> {
  /**
   * The id of the message, a UUID. Every delivery of a message has the same id, so use it to detect
   * duplicates.
   */
  readonly id: string
  /** The event's name. */
  readonly event: string
  /**
   * Identifies the entity that the message is about: `order-7`. Messages of one event and key
   * arrive in the order in which they were committed.
   */
  readonly key: string
  /** The payload, as declared by the event. */
  readonly payload: Payload
  /** The time at which the message was published, by the database's clock. */
  readonly publishedAt: Date
}

/** A message with its origin, in the form that subscribers and relays receive. */
export interface PublishedMessage extends Message<Json> {
  /** The service that published the message. */
  readonly service: string
  /** The `traceparent` of the call that published the message, if that call has a trace. */
  readonly traceparent: string | undefined
  /** The tenant of the call that published the message; `undefined` for no tenant. */
  readonly tenant: string | undefined
  /** The subjects of the message. Pass them on to the jobs that are enqueued for the message. */
  readonly subjects: readonly string[]
}

/**
 * Publishes a message with the transaction: the message is sent if, and only if, the transaction
 * commits. Resolves to the id of the message.
 *
 * @throws HoldfastError `message-invalid` if the payload does not match the schema of the event.
 */
export type Publish = <Given>(
  event: EventType<Given, unknown>,
  key: string,
  payload: NoInfer<Given>,
) => Promise<string>
