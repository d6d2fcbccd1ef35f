import type { OutputOf, Schema } from './schema.ts'
import type { Logger } from './log.ts'

/** What a job's work is given. */
export interface JobContext<Input, Db> {
  readonly input: Input
  /** The transaction in which the job completes. */
  readonly db: Db
  readonly log: Logger
  readonly signal: AbortSignal
}

/** What a job is defined with. */
export interface JobDefinition<I extends Schema, Db> {
  /** Stable: enqueued jobs name it. Unique in the service. */
  readonly name: string
  readonly input: I
  run(context: JobContext<OutputOf<I>, Db>): void | Promise<void>
}

/** A job as the framework knows it. A service runs jobs only with a job engine. */
export interface Job<Input = unknown> {
  readonly kind: 'job'
  readonly name: string
  readonly input: Schema
  /** The file and line of the definition. */
  readonly place: string
  run(context: JobContext<never, never>): void | Promise<void>
  /** Never there; carries the type. */
  readonly types?: { readonly input: Input }
}

/** Makes a job of its definition. */
export function createJob<I extends Schema, Db>(
  definition: JobDefinition<I, Db>,
  place: string,
): Job<OutputOf<I>> {
  return {
    kind: 'job',
    name: definition.name,
    input: definition.input,
    place,
    run: (context) => definition.run(context as never),
  }
}
