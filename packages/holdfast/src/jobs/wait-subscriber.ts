import type { Subscriber } from '../kernel/background.ts'
import { lockMessages, resolveWaits } from './queries/waits.ts'

/** Hands messages to the jobs that wait for them. */
export const waitSubscriber: Subscriber = {
  name: 'waiting jobs',
  async hear(messages, { transaction }) {
    // The job goes on in its own trace.
    const given = messages.map(({ traceparent: _theirs, ...message }) => message)
    for (const { text, values = [] } of [lockMessages(messages), resolveWaits(JSON.stringify(given))])
      await transaction.query(text, values)
  },
}
