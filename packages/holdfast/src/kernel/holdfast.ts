import { callSite } from './call-site.ts'
import type { Caller } from './caller.ts'
import { type Consumer, type ConsumerDefinition, createConsumer } from './consumer.ts'
import type { Database } from './database.ts'
import { createJob, type Job, type JobDefinition } from './job.ts'
import {
  createOperation,
  type MutationDefinition,
  type NoInput,
  type NoOutput,
  type Operation,
  type QueryDefinition,
} from './operation.ts'
import type { AnyProblemType, ProblemOf } from './problem.ts'
import {
  createMany,
  createOne,
  type OneDefinition,
  type Relation,
  type RelationDefinition,
  type RelationKey,
} from './relation.ts'
import type { InputOf, OutputOf, Schema } from './schema.ts'
import { defaultSecuritySchemes, type SecuritySchemes } from './security-scheme.ts'
import { createService, type Service } from './service.ts'
import type { ModuleExports, OperationsOf } from './module-exports.ts'
import type { ServiceDefinition } from './service-definition.ts'
import type { NoSettings, Settings } from './settings.ts'
import type { Identify } from './stages/identify.ts'

/** Options of {@link holdfast}. */
export interface HoldfastOptions<Read, Write, Values = NoSettings> {
  /** Where the data is: `drizzle(…)`, `postgres(…)`. Without one there are no mutations. */
  readonly database?: Database<Read, Write>
  /** What it is configured with from its environment: `settings({ … })` of `holdfast/settings`. Default: nothing. */
  readonly settings?: Settings<Values>
  /** Finds out who makes a call. Default: every caller is anonymous. */
  readonly identify?: Identify
  /**
   * How callers prove to `identify` who they are, for the OpenAPI document: `{ token: { scheme: 'bearer' } }`, `{ session:
   * { in: 'cookie', name: '__Host-session' } }`. One of them is enough. Default: a bearer token. Set it if `identify` reads
   * something else, or generated clients send their credentials the wrong way.
   */
  readonly securitySchemes?: SecuritySchemes
}

/** What operations, jobs and services of one application are made with; it knows the types of its database. */
export interface Application<Read, Write, Values = NoSettings> {
  /** Defines a query: it reads, from a read-only session. */
  readonly query: <
    I extends Schema = NoInput,
    O extends Schema = NoOutput,
    P extends AnyProblemType = never,
    C extends Caller = Caller,
  >(
    definition: QueryDefinition<I, O, P, C, Read, Values>,
  ) => Operation<InputOf<I>, OutputOf<O>, ProblemOf<P>>
  /** Defines a mutation: one transaction with its idempotency key, safe to send again. */
  readonly mutation: <
    I extends Schema = NoInput,
    O extends Schema = NoOutput,
    P extends AnyProblemType = never,
    C extends Caller = Caller,
  >(
    definition: MutationDefinition<I, O, P, C, Write, Values>,
  ) => Operation<InputOf<I>, OutputOf<O>, ProblemOf<P>>
  /** Defines a job: work that is done later, in one transaction of its own, until it has succeeded. */
  readonly job: <I extends Schema>(definition: JobDefinition<I, Write, Values>) => Job<InputOf<I>>
  /** Defines what works on the messages of an event. */
  readonly consumer: <Payload>(definition: ConsumerDefinition<Payload, Write, Values>) => Consumer
  /** Defines rows of which a key has one, for `load` to read those of many keys at once. */
  readonly one: DefineOne<Read, Values>
  /** Defines rows of which a key has any number, for `load` to read those of many keys at once. */
  readonly many: <Key extends RelationKey, Row>(
    definition: RelationDefinition<Key, Row, Read, Values>,
  ) => Relation<Key, Row[]>
  /** Defines a service of operations. */
  readonly service: <const E extends ModuleExports>(
    definition: ServiceDefinition<E>,
  ) => Service<OperationsOf<E>>
}

/** Defines a {@link Relation} with one row for a key. */
export interface DefineOne<Db, Values> {
  /** Where every key has a row: what is thrown where it has none is said by `missing`. */
  <Key extends RelationKey, Row>(
    definition: OneDefinition<Key, Row, Db, Values> &
      Required<Pick<OneDefinition<Key, Row, Db, Values>, 'missing'>>,
  ): Relation<Key, Row>
  <Key extends RelationKey, Row>(
    definition: OneDefinition<Key, Row, Db, Values>,
  ): Relation<Key, Row | undefined>
}

/** The one place of an application that knows its database and its callers. */
export function holdfast<Read = undefined, Write = undefined, Values = NoSettings>(
  options: HoldfastOptions<Read, Write, Values> = {},
): Application<Read, Write, Values> {
  const { database, identify, settings, securitySchemes } = options
  const application: Application<Read, Write, Values> = {
    query: (definition) => createOperation('query', definition, callSite(application.query)),
    mutation: (definition) => createOperation('mutation', definition, callSite(application.mutation)),
    job: (definition) => createJob(definition, callSite(application.job)),
    consumer: (definition) => createConsumer(definition, callSite(application.consumer)),
    one: ((definition: OneDefinition<never, unknown, Read, Values>) =>
      createOne(definition, callSite(application.one))) as DefineOne<Read, Values>,
    many: (definition) => createMany(definition, callSite(application.many)),
    service: (definition) =>
      createService(definition, {
        database,
        identify,
        settings,
        securitySchemes: securitySchemes ?? defaultSecuritySchemes,
        place: callSite(application.service),
      }),
  }
  return application
}
