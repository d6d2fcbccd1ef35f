import type { Subscriber } from '../kernel/background.ts'
import { lockMessages, resolveWaits } from './queries/waits.ts'

/** Hands messages to the jobs that wait for them. */
export const waitSubscriber: Subscriber = {
  name: 'waiting jobs',
  async hear(messages, { transaction }) {
    for (const { text, values = [] } of [lockMessages(messages), resolveWaits(JSON.stringify(messages))])
      await transaction.query(text, values)
  },
}
