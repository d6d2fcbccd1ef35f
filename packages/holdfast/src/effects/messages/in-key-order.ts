import type { RelayedMessage } from '../../kernel/background/relay.ts'

/**
 * Sends messages concurrently across keys, and one at a time within a key: each is sent after the
 * previous one was confirmed, so that it cannot overtake a message that has to be sent again.
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
