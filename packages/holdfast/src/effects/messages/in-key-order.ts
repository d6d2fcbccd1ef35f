import type { RelayedMessage } from '../../kernel/background/relay.ts'

/**
 * Sends messages of different keys concurrently. Messages of one key are sent one at a time, each
 * after the previous message was confirmed. So no message overtakes an earlier one that must be
 * sent again.
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
