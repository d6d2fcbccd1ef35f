import type { Subscriber } from '../kernel/background.ts'
import { lockMessages, resolveWaits } from './queries/waits.ts'

/** Hands messages to the jobs that wait for them. */
export const waitSubscriber: Subscriber = {
  name: 'waiting jobs',
  async hear(messages, { transaction }) {
    // The job goes on in its own trace.
    const come = messages.map(({ traceparent: _theirs, ...message }) => ({
      event: message.event,
      key: message.key,
      json: JSON.stringify(message),
    }))
    for (const { text, values = [] } of [lockMessages(come), resolveWaits(come)])
      await transaction.query(text, values)
  },
}
