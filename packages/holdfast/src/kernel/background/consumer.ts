import type { EventType, Message } from './event.ts'
import type { JobContext, JobDefinition } from './job.ts'
import type { JobType } from './job-type.ts'
import type { Schema } from '../schema/schema.ts'
import type { NoSettings } from '../host/settings.ts'

/**
 * The context passed to a consumer: the context of a job without `input` and `step`, plus the
 * message.
 */
export interface ConsumerContext<Payload, Db, Values = NoSettings> extends Omit<
  JobContext<never, Db, Values>,
  'input' | 'step'
> {
  /** The message to handle. */
  readonly message: Message<Payload>
}

/** The definition of a consumer. */
export interface ConsumerDefinition<Payload, Db, Values = NoSettings> extends Pick<
  JobDefinition<Schema, Db, Values>,
  'retry' | 'deadline' | 'retention'
> {
  /**
   * Identifies the consumer's stored position in the message log, so do not change it. Unique
   * within the service.
   */
  readonly name: string
  /** The event whose messages the consumer handles. */
  readonly event: EventType<unknown, Payload>
  /**
   * The service whose messages are consumed. Default: the service in which the consumer is defined.
   * Set this option to consume the messages of another service on the same database.
   */
  readonly publisher?: string
  /**
   * The first message to handle when a service first starts with this consumer: the next published
   * message (`'next'`), or the oldest stored one (`'oldest'`). Later starts resume at the stored
   * position. Default `'next'`.
   */
  readonly startFrom?: 'next' | 'oldest'
  /**
   * The handling of later messages with the same key after a message has failed permanently.
   * `'wait'`: later messages wait until the failed message is redriven, skipped, or deleted after
   * 30 days, so the order is preserved. `'skip'`: later messages are handled without waiting. Other
   * keys and other consumers are not affected. Default `'wait'`. Set `'skip'` if messages are
   * independent of each other.
   */
  readonly onDead?: 'wait' | 'skip'
  /**
   * Handles one message. Writes to the database happen exactly once, even if the message is
   * delivered several times.
   */
  run(context: ConsumerContext<Payload, Db, Values>): void | Promise<void>
}

/** A defined consumer. */
export interface Consumer {
  readonly kind: 'consumer'
  readonly name: string
  readonly event: EventType
  /**
   * The service whose messages are consumed; `undefined` for the service in which the consumer is
   * defined.
   */
  readonly publisher: string | undefined
  readonly startFrom: 'next' | 'oldest'
  readonly onDead: 'wait' | 'skip'
  readonly definition: Pick<JobType, 'retry' | 'deadline' | 'retention'>
  /** The file and line of the definition. */
  readonly definedAt: string
  run(context: ConsumerContext<never, never, never>): void | Promise<void>
}

/** Creates a consumer from its definition. */
export function createConsumer<Payload, Db, Values>(
  definition: ConsumerDefinition<Payload, Db, Values>,
  definedAt: string,
): Consumer {
  const { name, retry = {}, deadline = '5m', retention = '1d' } = definition
  const { publisher, startFrom = 'next', onDead = 'wait' } = definition
  return {
    kind: 'consumer',
    name,
    event: definition.event as EventType,
    publisher,
    startFrom,
    onDead,
    definition: { retry, deadline, retention },
    definedAt,
    run: (context) => definition.run(context as never),
  }
}
