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
  /** Does the work of one message. Its effects in the database happen once, however often the message arrives. */
  run(context: ConsumerContext<Payload, Db, Values>): void | Promise<void>
}

/** A consumer as the framework knows it. */
export interface Consumer {
  readonly kind: 'consumer'
  readonly name: string
  readonly event: EventType
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
  return {
    kind: 'consumer',
    name,
    event: definition.event as EventType,
    definition: { retry, deadline, retention },
    place,
    run: (context) => definition.run(context as never),
  }
}
