import type { EventType, Publish } from '../../kernel/background/event.ts'
import { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import { traceparentOf } from '../../kernel/host/work.ts'
import { RowGathering } from '../../storage/postgres/transaction/row-gathering.ts'
import type { Statement } from '../../storage/postgres/statement/statement.ts'
import type { HandlerSession } from '../../storage/postgres/transaction/handler-session.ts'
import { insertSubjects } from '../subjects/queries/insert-subjects.ts'
import { type MessageRow, toMessageRow } from './message-row.ts'
import { insertMessages } from './queries/insert-messages.ts'

/** Wakes the dispatcher when messages have been committed. */
export interface MessagesWaker {
  send(kind: 'published', events: Iterable<string>): void
}

/** Dependencies of {@link publishIn}. */
export interface PublishParts {
  /** The name of the service that publishes. */
  readonly service: string
  readonly waker: MessagesWaker
}

/** Returns the `publish` of a transaction. Messages are collected and sent with the commit. */
export function publishIn(session: HandlerSession, parts: PublishParts): Publish {
  const messages = new TransactionMessages(session, parts)
  return (event, key, payload) => messages.publish(event as EventType, key, payload)
}

/** The messages of one transaction. */
class TransactionMessages extends RowGathering<MessageRow> {
  readonly #parts: PublishParts

  constructor(session: HandlerSession, parts: PublishParts) {
    super(session)
    this.#parts = parts
  }

  async publish(event: EventType, key: string, payload: unknown): Promise<string> {
    const made = toMessageRow(event, key, payload)
    // A row that is ready is collected synchronously, so the message is sent even if the caller
    // forgets to await.
    const row = made instanceof Promise ? await made : made
    this.gather([row], () => publishedLate(event))
    return row.id
  }

  statements(): readonly Statement[] {
    const traceparent = traceparentOf(this.session.work)
    const { service } = this.#parts
    const { rows } = this
    return [insertMessages(rows, { service, traceparent }), ...insertSubjects(service, 'message', rows)]
  }

  committed(): void {
    if (this.length === 0) return
    this.#parts.waker.send('published', new Set(this.rows.map(({ event }) => event)))
  }
}

function publishedLate({ name }: EventType): HoldfastError {
  return new HoldfastError(
    'message-published-late',
    `A message of the event "${name}" was published after the handler of its transaction had ended. Await every publish within the handler.`,
  )
}
