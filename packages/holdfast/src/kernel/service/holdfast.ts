import { callSite } from '../base/call-site.ts'
import { access, type Access, type AccessOptions } from '../operation/access/access.ts'
import { createMember, type Member, type MembersDefinition } from '../operation/access/member-rule.ts'
import { createRowRule, type RowDefinition } from '../operation/access/row-rule.ts'
import type { AccessRequest } from '../operation/credentials.ts'
import type { Caller, IdentifiedCaller } from '../operation/caller.ts'
import { type Consumer, type ConsumerDefinition, createConsumer } from '../background/consumer.ts'
import type { Database } from './database.ts'
import { createJob, type Job, type JobDefinition } from '../background/job.ts'
import {
  createOperation,
  type Mutation,
  type MutationDefinition,
  type NoInput,
  type NoOutput,
  type Query,
  type QueryDefinition,
} from '../operation/operation.ts'
import type { AnyProblem, ProblemError, ProblemOf } from '../problem/problem.ts'
import {
  createMany,
  createOne,
  type OneDefinition,
  type Relation,
  type RelationDefinition,
  type RelationKey,
} from '../relations/relation.ts'
import type { InputOf, OutputOf, Schema } from '../schema/schema.ts'
import { defaultSecuritySchemes, type SecuritySchemes } from '../operation/security-scheme.ts'
import { createService } from './create-service.ts'
import type { Service } from './service.ts'
import type { ModuleExports, OperationsOf } from './module-exports.ts'
import type { ServiceDefinition } from './service-definition.ts'
import type { NoSettings, Settings } from '../host/settings.ts'
import { type IdentifyOption, schemesOf, toIdentifiers } from '../operation/identifier.ts'

/** Options of {@link holdfast}. */
export interface HoldfastOptions<Read, Write, Values = NoSettings> {
  /**
   * The database: `drizzle(…)`, `postgres(…)`. Without a database, an application has no mutations
   * and no background work. Default: no database.
   */
  readonly database?: Database<Read, Write>
  /** The settings of the program: `settings({ … })` of `holdfast/settings`. Default: none. */
  readonly settings?: Settings<Values>
  /**
   * Identifies the caller of a call: a function, or identifiers, which are tried in order. Default:
   * every caller is anonymous.
   */
  readonly identify?: IdentifyOption<NoInfer<Read>, NoInfer<Values>>
  /**
   * The credentials that the function `identify` reads, for the OpenAPI document and for
   * `WWW-Authenticate`: `{ token: { scheme: 'bearer' } }`, `{ session: { in: 'cookie', name:
   * '__Host-session' } }`. One of them is enough. Default: a bearer token. Set this option if the
   * function reads other credentials; otherwise generated clients send credentials in the wrong
   * place. Identifiers declare their schemes themselves.
   */
  readonly securitySchemes?: SecuritySchemes
}

/**
 * The functions that define the operations, jobs and services of one application, typed for its
 * database.
 */
export interface Application<Read, Write, Values = NoSettings> {
  /**
   * Defines a query, which reads through a read-only session.
   *
   * @example
   * ```ts
   * query({
   *   route: 'GET /accounts/{id}',
   *   access: signedIn(),
   *   input: z.object({ id: z.string() }),
   *   output: z.object({ balance: z.int() }),
   *   async run({ input, db }) {
   *     const [account] = await db.query<{ balance: number }>(
   *       sql`select balance from accounts where id = ${input.id}`,
   *     )
   *     return { balance: account?.balance ?? 0 }
   *   },
   * })
   * ```
   */
  readonly query: <
    InputSchema extends Schema = NoInput,
    OutputSchema extends Schema = NoOutput,
    Problems extends AnyProblem = never,
    CallerType extends Caller = Caller,
    Row = undefined,
  >(
    definition: QueryDefinition<InputSchema, OutputSchema, Problems, CallerType, Read, Values, Row>,
  ) => Query<InputOf<InputSchema>, OutputOf<OutputSchema>, ProblemOf<Problems>>
  /**
   * Defines a mutation: one transaction that includes its idempotency key, so that a retry is safe.
   *
   * @example
   * ```ts
   * mutation({
   *   route: 'POST /accounts/{id}/deposits',
   *   access: signedIn(),
   *   input: z.object({ id: z.string(), amount: z.int().positive() }),
   *   async run({ input: { id, amount }, db }) {
   *     await db.query(sql`update accounts set balance = balance + ${amount} where id = ${id}`)
   *   },
   * })
   * ```
   */
  readonly mutation: <
    InputSchema extends Schema = NoInput,
    OutputSchema extends Schema = NoOutput,
    Problems extends AnyProblem = never,
    CallerType extends Caller = Caller,
    Prepared = undefined,
    Row = undefined,
  >(
    definition: MutationDefinition<
      InputSchema,
      OutputSchema,
      Problems,
      CallerType,
      Write,
      Values,
      Read,
      Prepared,
      Row
    >,
  ) => Mutation<InputOf<InputSchema>, OutputOf<OutputSchema>, ProblemOf<Problems>>
  /**
   * Defines a job: deferred work in a transaction, retried until it succeeds or its attempts are
   * exhausted.
   *
   * @example
   * ```ts
   * job({
   *   name: 'close-account',
   *   input: z.object({ id: z.string() }),
   *   retry: { attempts: 5 },
   *   async run({ input, db }) {
   *     await db.query(sql`delete from accounts where id = ${input.id}`)
   *   },
   * })
   * ```
   */
  readonly job: <InputSchema extends Schema>(
    definition: JobDefinition<InputSchema, Write, Values>,
  ) => Job<InputOf<InputSchema>>
  /**
   * Defines a consumer: a handler for the messages of one event. Its writes to the database happen
   * exactly once per message.
   *
   * @example
   * ```ts
   * consumer({
   *   name: 'send-receipts',
   *   event: OrderPlaced,
   *   run: async ({ message, jobs }) =>
   *     void (await jobs.enqueue(sendReceipt, { order: message.payload.order })),
   * })
   * ```
   */
  readonly consumer: <Payload>(definition: ConsumerDefinition<Payload, Write, Values>) => Consumer
  /**
   * Returns a custom access rule, as the function `access` does, with the types of the
   * application's database and settings.
   *
   * @example
   * ```ts
   * const member = app.access('member()', async ({ caller, db }) => {
   *   const rows = await db.query(sql`select 1 from members where id = ${caller.id}`)
   *   return rows.length > 0 ? caller : Forbidden()
   * })
   * ```
   */
  readonly access: <Decision extends Caller | ProblemError>(
    name: string,
    rule: (request: AccessRequest<Read, Values>) => Decision | Promise<Decision>,
    options?: AccessOptions,
  ) => Access<Exclude<Decision, ProblemError>>
  /**
   * Returns an access rule about a row of the database: the row is loaded once the input is
   * validated, in the read-only session of a query or in the transaction of a mutation, and is
   * `context.row` of the handler.
   *
   * @param name the rule as written in the source, for documentation, logs and error messages.
   *
   * @example
   * ```ts
   * const ownNote = app.row('ownNote()', {
   *   key: (input: { id: number }) => input.id,
   *   callers: signedIn(),
   *   async load({ key, caller, db, locks }) {
   *     const [note] = await db.query<{ id: number; text: string }>(sql`
   *       select id, text from notes where id = ${key} and owner = ${caller.id}
   *       ${locks ? sql`for update` : empty}`)
   *     return note
   *   },
   * })
   * ```
   */
  readonly row: <Input, Key, Row extends object, C extends Caller = IdentifiedCaller>(
    name: string,
    definition: RowDefinition<Input, Key, C, Row, Read, Values>,
  ) => Access<C, Row, Input>
  /**
   * Returns the rule that admits members of a group: `member('org', 'admin')` admits people who are
   * members of the group `input.org` with the role `admin`. The membership is `context.row`.
   *
   * @example
   * ```ts
   * const member = app.members({
   *   async load({ key, caller, db }) {
   *     const [found] = await db.query<{ role: 'admin' | 'guest' }>(
   *       sql`select role from members where org = ${key} and account = ${caller.id}`,
   *     )
   *     return found
   *   },
   *   roleOf: ({ role }) => role,
   * })
   * ```
   */
  readonly members: <Membership extends object, Role extends string = string, Group = string>(
    definition: MembersDefinition<Group, Membership, Role, Read, Values>,
  ) => Member<Group, Membership, Role>
  /**
   * Defines a to-one relation; `load` reads the rows of many keys in one statement.
   *
   * @example
   * ```ts
   * const ownerOf = app.one({
   *   rows: ({ db }, keys: readonly string[]) =>
   *     db.query<{ id: string; name: string }>(sql`select * from owners where id = any(${keys})`),
   *   key: (owner) => owner.id,
   *   missing: (id) => OwnerNotFound({ detail: `There is no owner ${id}.` }),
   * })
   * ```
   */
  readonly one: DefineOne<Read, Values>
  /**
   * Defines a to-many relation; `load` reads the rows of many keys in one statement.
   *
   * @example
   * ```ts
   * const entriesOf = app.many({
   *   rows: ({ db }, keys: readonly string[]) =>
   *     db.query<{ account: string; amount: number }>(
   *       sql`select account, amount from entries where account = any(${keys})`,
   *     ),
   *   key: (entry) => entry.account,
   * })
   * ```
   */
  readonly many: <Key extends RelationKey, Row>(
    definition: RelationDefinition<Key, Row, Read, Values>,
  ) => Relation<Key, Row[]>
  /**
   * Defines a service from its operations and background work.
   *
   * @example
   * ```ts
   * service({
   *   name: 'shop',
   *   operations: { listOrders, placeOrder },
   *   jobs: [sendReceipt],
   * })
   * ```
   */
  readonly service: <const Exports extends ModuleExports>(
    definition: ServiceDefinition<Exports, Values>,
  ) => Service<OperationsOf<Exports>>
}

/** Defines a {@link Relation} with one row per key. */
export interface DefineOne<Db, Values> {
  /**
   * Use `missing` if every key must have a row. It returns the error to throw for a key without
   * one.
   */
  <Key extends RelationKey, Row>(
    definition: OneDefinition<Key, Row, Db, Values> &
      Required<Pick<OneDefinition<Key, Row, Db, Values>, 'missing'>>,
  ): Relation<Key, Row>
  <Key extends RelationKey, Row>(
    definition: OneDefinition<Key, Row, Db, Values>,
  ): Relation<Key, Row | undefined>
}

/**
 * Creates an application: binds its database, settings and caller identification, and returns the
 * functions that define its operations, jobs and services.
 *
 * @example
 * ```ts
 * const { query, mutation, job, service } = holdfast({
 *   database: postgres(),
 *   identify: ({ header }) => ({ kind: 'user', id: header('x-user') ?? 'unknown' }),
 * })
 * ```
 */
export function holdfast<Read = undefined, Write = undefined, Values = NoSettings>(
  options: HoldfastOptions<Read, Write, Values> = {},
): Application<Read, Write, Values> {
  const { database, identify, settings, securitySchemes } = options
  const identifiers = toIdentifiers(identify, securitySchemes ?? defaultSecuritySchemes)
  const application: Application<Read, Write, Values> = {
    query: (definition) => createOperation('query', definition, callSite(application.query)),
    mutation: (definition) => createOperation('mutation', definition, callSite(application.mutation)),
    job: (definition) => createJob(definition, callSite(application.job)),
    consumer: (definition) => createConsumer(definition, callSite(application.consumer)),
    access: (name, rule, more) => access(name, rule as Parameters<typeof access>[1], more) as never,
    row: (name, definition) => createRowRule(name, definition as never),
    members: (definition) => createMember(definition as never),
    one: ((definition: OneDefinition<never, unknown, Read, Values>) =>
      createOne(definition, callSite(application.one))) as DefineOne<Read, Values>,
    many: (definition) => createMany(definition, callSite(application.many)),
    service: (definition) =>
      createService(definition as ServiceDefinition<typeof definition.operations>, {
        database,
        identifiers,
        settings,
        securitySchemes:
          identify === undefined ? (securitySchemes ?? defaultSecuritySchemes) : schemesOf(identifiers),
        hasUnusedSchemes: securitySchemes !== undefined && typeof identify === 'object',
        definedAt: callSite(application.service),
      }),
  }
  return application
}
