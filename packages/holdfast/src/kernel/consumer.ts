import type { EventType, Message } from './event.ts'
import type { JobContext, JobDefinition } from './job.ts'
import type { JobType } from './job-type.ts'
import type { Schema } from './schema.ts'
import type { NoSettings } from './settings.ts'

/** What a consumer's work is given: what a job's is, but for steps, and the message. */
export interface ConsumerContext<Payload, Db, Values = NoSettings> extends Omit<
  JobContext<never, Db, Values>,
  'input' | 'step'
> {
  readonly message: Message<Payload>
}

/** What a consumer is defined with. */
export interface ConsumerDefinition<Payload, Db, Values = NoSettings> extends Pick<
  JobDefinition<Schema, Db, Values>,
  'retry' | 'deadline' | 'retention'
> {
  /** Stable: what it has consumed is recorded under it. Unique in the service. */
  readonly name: string
  readonly event: EventType<unknown, Payload>
  /**
   * The name of the service whose messages it consumes. Default: its own. Services that share a database
   * do not hear each other otherwise.
   */
  readonly publisher?: string
  /**
   * Where it starts when a service with it starts for the first time: at the next message, or at the oldest
   * one that is kept. Default `'next'`. Later starts go on from the stored position.
   */
  readonly startFrom?: 'next' | 'oldest'
  /**
   * What the later messages of a key do when one has failed permanently. `'wait'`: they wait behind it until it is
   * redriven, skipped, or its 30 days have passed, so that the order holds. `'skip'`: they pass it. Other keys and other
   * consumers go on either way. Default `'wait'`. Set `'skip'` if each message stands for itself.
   */
  readonly onDead?: 'wait' | 'skip'
  /** Does the work of one message. Its effects in the database happen once, however often the message arrives. */
  run(context: ConsumerContext<Payload, Db, Values>): void | Promise<void>
}

/** A consumer as the framework knows it. */
export interface Consumer {
  readonly kind: 'consumer'
  readonly name: string
  readonly event: EventType
  /** The service whose messages it consumes; `undefined`: its own. */
  readonly publisher: string | undefined
  readonly startFrom: 'next' | 'oldest'
  readonly onDead: 'wait' | 'skip'
  readonly definition: Pick<JobType, 'retry' | 'deadline' | 'retention'>
  /** The file and line of the definition. */
  readonly place: string
  run(context: ConsumerContext<never, never, never>): void | Promise<void>
}

/** Makes a consumer of its definition. */
export function createConsumer<Payload, Db, Values>(
  definition: ConsumerDefinition<Payload, Db, Values>,
  place: string,
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
    place,
    run: (context) => definition.run(context as never),
  }
}
