import type { PublishedMessage } from '../../../kernel/background/event.ts'
import type { Statement } from '../../../storage/postgres/statement/statement.ts'
import { lockMessages, resolveWaits } from '../queries/waits.ts'

/** Returns the statements that resume the jobs that wait for these messages. */
export function waitStatements(messages: readonly PublishedMessage[]): readonly Statement[] {
  // The message's `traceparent` is left out, because the job continues in the trace that it already
  // belongs to.
  const arrived = messages.map(({ traceparent: _theirs, tenant, service: publisher, ...message }) => ({
    publisher,
    tenant,
    event: message.event,
    key: message.key,
    json: JSON.stringify(message),
  }))
  return [lockMessages(arrived), resolveWaits(arrived)]
}
