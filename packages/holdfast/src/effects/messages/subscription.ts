import type { Background } from '../../kernel/background/background.ts'

/** The kind of reader that reads the message log. */
export type SubscriptionKind = 'consumer' | 'subscriber' | 'relay'

/** A reader of the message log that a service declares. */
export interface SubscriptionDeclaration {
  readonly kind: SubscriptionKind
  readonly name: string
  /** The service whose messages the reader reads. */
  readonly publisher: string
  /** Names of the events that the reader reads; `null` means all. */
  readonly events: readonly string[] | null
  /**
   * The start position at the first registration: the next message, or the oldest stored message.
   */
  readonly startFrom: 'next' | 'oldest'
}

/** Lists the readers of the message log that a service declares. */
export function declarationsOf(service: string, background: Background): readonly SubscriptionDeclaration[] {
  const { consumers, subscribers, relays } = background
  return [
    ...consumers.map(({ name, event, publisher = service, startFrom }) => ({
      kind: 'consumer' as const,
      name,
      publisher,
      events: [event.name],
      startFrom,
    })),
    ...subscribers.map(({ name, events }) => ({
      kind: 'subscriber' as const,
      name,
      publisher: service,
      events: events?.map((event) => event.name) ?? null,
      startFrom: 'next' as const,
    })),
    ...relays.map(({ name, events }) => ({
      kind: 'relay' as const,
      name,
      publisher: service,
      events: events?.map((event) => event.name) ?? null,
      startFrom: 'oldest' as const,
    })),
  ]
}
