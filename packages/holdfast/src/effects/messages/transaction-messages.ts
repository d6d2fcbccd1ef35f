import type { EventType, Publish } from '../../kernel/background/event.ts'
import { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import { traceparentOf } from '../../kernel/host/work.ts'
import { type Gathering, PositionedRows } from '../../storage/postgres/transaction/gathered-rows.ts'
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

/**
 * Returns the `publish` of a transaction. Messages are collected, and inserted in the round trip of
 * the commit.
 */
export function publishIn(session: HandlerSession, parts: PublishParts): Publish {
  const messages = new TransactionMessages(session, parts)
  return (event, key, payload) => messages.publish(event as EventType, key, payload)
}

/** The messages of one transaction. */
class TransactionMessages implements Gathering {
  readonly #session: HandlerSession
  readonly #parts: PublishParts
  readonly #rows: PositionedRows<MessageRow>
  #isGathered = false

  constructor(session: HandlerSession, parts: PublishParts) {
    this.#session = session
    this.#parts = parts
    this.#rows = new PositionedRows(session.gathered)
  }

  async publish(event: EventType, key: string, payload: unknown): Promise<string> {
    const made = toMessageRow(event, key, payload)
    // If the row is ready, it is collected synchronously: a caller that forgets to await loses
    // nothing.
    const row = made instanceof Promise ? await made : made
    this.#gather(row)
    return row.id
  }

  get length(): number {
    return this.#rows.rows.length
  }

  forget(from: number, to: number): void {
    this.#rows.forget(from, to)
  }

  statements(): readonly Statement[] {
    const traceparent = traceparentOf(this.#session.work)
    const { service } = this.#parts
    const { rows } = this.#rows
    return [insertMessages(rows, { service, traceparent }), ...insertSubjects(service, 'message', rows)]
  }

  committed(): void {
    if (this.length === 0) return
    this.#parts.waker.send('published', new Set(this.#rows.rows.map(({ event }) => event)))
  }

  #gather(row: MessageRow): void {
    if (this.#session.isClosed) {
      throw new HoldfastError(
        'message-published-late',
        `A message of the event "${row.event}" was published after the handler of its transaction had ended. Await every publish within the handler.`,
      )
    }
    if (!this.#isGathered) this.#session.gathered.add(this)
    this.#isGathered = true
    this.#rows.push(row)
  }
}
