import type { PublishedMessage } from '../../../kernel/background/event.ts'
import type { Statement } from '../../../storage/postgres/statement/statement.ts'
import { lockMessages, resolveWaits } from '../queries/waits.ts'

/** Returns the statements that resume the jobs that wait for these messages. */
export function waitStatements(messages: readonly PublishedMessage[]): readonly Statement[] {
  // The job continues in its own trace.
  const arrived = messages.map(({ traceparent: _theirs, service: publisher, ...message }) => ({
    publisher,
    event: message.event,
    key: message.key,
    json: JSON.stringify(message),
  }))
  return [lockMessages(arrived), resolveWaits(arrived)]
}
