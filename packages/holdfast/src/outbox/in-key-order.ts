import type { RelayedMessage } from '../kernel/relay.ts'

/**
 * Sends messages one by one: those of a key each when the one before it has arrived, so that none can overtake one that has to be sent again;
 * those of different keys at once.
 */
export async function inKeyOrder(
  messages: readonly RelayedMessage[],
  send: (message: RelayedMessage) => Promise<unknown>,
): Promise<void> {
  const ofKeys = Map.groupBy(messages, ({ key }) => key)
  await Promise.all(
    [...ofKeys.values()].map(async (ofKey) => {
      for (const message of ofKey) await send(message)
    }),
  )
}
