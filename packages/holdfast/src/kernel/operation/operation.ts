import type { Access, AnyAccess } from './access/access.ts'
import type { Caller } from './caller.ts'
import type { Context, MutationContext, PrepareContext } from './context.ts'
import type { Cookie } from './cookie.ts'
import type { Duration } from '../base/duration.ts'
import type { AnyProblem } from '../problem/problem.ts'
import type { Redirects } from './redirects.ts'
import type { HandlerResult } from './respond.ts'
import { type MutationRoute, parseRoute, type QueryRoute, type Route } from './route.ts'
import type { AnyTrail, TrailDefinition } from './trail/trail.ts'
import type { NoSettings } from '../host/settings.ts'
import { described, type InputOf, type OutputOf, type Schema } from '../schema/schema.ts'
import type { Subjects } from '../background/subject.ts'
import type { phantom } from '../base/phantom.ts'

/** The input of an operation without input. */
export type NoInput = Schema<Record<string, never>, Record<string, never>>

/** The output of an operation without output: the response has no body. */
export type NoOutput = Schema<void, void>

/** Options shared by queries and mutations. */
export interface OperationDefinition<
  InputSchema extends Schema,
  OutputSchema extends Schema,
  Problems extends AnyProblem,
  CallerType extends Caller,
  Row = undefined,
> {
  /**
   * The rule that decides who may call the operation. Required: a service with an operation that
   * has no access rule does not start.
   */
  readonly access: Access<CallerType, Row, NoInfer<OutputOf<InputSchema>>>
  /**
   * The input, as an object schema. Path parameters come from the path. The other fields come from
   * the query string of a GET or DELETE, and from the JSON body of a POST, PUT or PATCH. Default:
   * the operation has no input.
   */
  readonly input?: InputSchema
  /**
   * Schema of the return value of `run`, which is the response body. Every list in the output needs
   * a max length. Default: the response has no body.
   */
  readonly output?: OutputSchema
  /** The problems that the handler may throw, which clients have to expect. Default: none. */
  readonly problems?: readonly Problems[]
  /**
   * Total time of a call, including retries of its transaction. Default `'5s'`. A caller may
   * request a shorter deadline, never a longer one.
   */
  readonly deadline?: Duration
  /**
   * Max number of statements that one run of the handler may execute. Default 20. Exceeding it logs
   * a warning in development and fails in tests.
   */
  readonly budget?: number
  /**
   * Max number of rows that one statement may return. Default 10,000. If a statement returns more,
   * the call fails with HoldfastError `too-many-rows`, and the caller gets a 500.
   */
  readonly maxRows?: number
  /**
   * Allows the handler to repeat a statement, for the given reason. Default: repeated statements
   * log a warning in development and fail in tests.
   */
  readonly repeats?: { readonly allow: string }
  /**
   * Headers that a response may have, and their descriptions:
   * `{ 'X-Source': 'The exchange that …' }`. The handler sets them with `respond`. Default: only
   * the framework's headers.
   */
  readonly headers?: Readonly<Record<string, string>>
  /** Cookies that a response may set, with `respond`. Default: none. */
  readonly cookies?: readonly Cookie[]
  /** Redirects that the handler may return. Default: none. */
  readonly redirects?: Redirects
  /** One-line summary for the API documentation. Default: none. */
  readonly summary?: string
  /** Longer description for the API documentation. Default: none. */
  readonly description?: string
}

/** Options of a query. */
export interface QueryDefinition<
  InputSchema extends Schema,
  OutputSchema extends Schema,
  Problems extends AnyProblem,
  CallerType extends Caller,
  Db,
  Values = NoSettings,
  Row = undefined,
> extends OperationDefinition<InputSchema, OutputSchema, Problems, CallerType, Row> {
  /** `GET` and a path, with parameters in braces: `GET /accounts/{id}`. */
  readonly route: QueryRoute
  /**
   * Executes the query. A thrown problem is the response; any other error is a defect, and the
   * caller gets a 500.
   */
  run(
    context: Context<OutputOf<InputSchema>, CallerType, Db, Values, Row>,
  ): HandlerResult<InputOf<OutputSchema>> | Promise<HandlerResult<InputOf<OutputSchema>>>
}

/**
 * The transaction isolation level of a mutation
 * (https://www.postgresql.org/docs/current/transaction-iso.html).
 */
export type Isolation = 'read committed' | 'repeatable read' | 'serializable'

/** The part of a call that determines its subjects. */
export interface SubjectsOfCall<Input, CallerType extends Caller = Caller> {
  readonly input: Input
  readonly caller: CallerType
}

/** Options of a mutation. */
export interface MutationDefinition<
  InputSchema extends Schema,
  OutputSchema extends Schema,
  Problems extends AnyProblem,
  CallerType extends Caller,
  Db,
  Values = NoSettings,
  Read = Db,
  Prepared = undefined,
  Row = undefined,
> extends OperationDefinition<InputSchema, OutputSchema, Problems, CallerType, Row> {
  /**
   * `POST`, `PUT`, `PATCH` or `DELETE`, and a path with parameters in braces:
   * `POST /accounts/{id}/close`.
   */
  readonly route: MutationRoute
  /** The status of a successful response: 200, 201 or 202. Default 200, or 204 without output. */
  readonly status?: 200 | 201 | 202
  /**
   * Path template of the created resource, filled from the output and sent as the `Location`
   * header: `/accounts/{id}`. Default: no header.
   */
  readonly location?: `/${string}`
  /**
   * The rule for the idempotency key. `'required'`: each call needs a key. `{ optional: reason }`:
   * calls without a key are accepted, and are not safe to retry. The reason explains why a repeated
   * call is harmless, and appears in the API documentation. Default `'required'`.
   */
  readonly idempotency?: 'required' | { readonly optional: string }
  /**
   * Name of the header that carries the idempotency key. Default `'idempotency-key'`. Change it for
   * callers that send the key in a different header, such as `webhook-id`.
   */
  readonly idempotencyHeader?: string
  /**
   * True if the answer contains a secret, such as a session cookie or an API key. The stored answer
   * and its cookies are then encrypted with the idempotency key and the service's secret keys, so
   * that a copy of the database is useless to a thief. A replay also has the cookies. Clients must
   * send random keys, such as a UUIDv4. Default false: the answer is stored in plain text, without
   * its cookies.
   */
  readonly sealed?: boolean
  /**
   * The isolation level of the transaction. Default `'read committed'`. After a serialization
   * failure or a deadlock, the handler runs again within the deadline.
   */
  readonly isolation?: Isolation
  /**
   * Returns the subjects of a call: the people whose data its answer contains, in addition to the
   * caller. An export or erasure of their data includes the idempotency key and its answer.
   * Default: only the caller.
   */
  readonly subjectsOf?: (call: SubjectsOfCall<OutputOf<InputSchema>, CallerType>) => Subjects
  /**
   * Records each call in the trail: who did what to which, as a row of the same commit. `true`
   * records the caller, the operation and the time; an object adds a target and details. Default:
   * the trail does not record the operation.
   */
  readonly trail?:
    | true
    | TrailDefinition<OutputOf<InputSchema>, NoInfer<InputOf<OutputSchema>>, NoInfer<CallerType>>
  /**
   * Does slow work before the transaction begins, such as hashing a password or a call to another
   * service, and returns its result to `run` as `prepared`. It holds no connection, and writes
   * nothing. It runs once per call, after the look-up of the key: a replay does not run it, and a
   * transaction that runs again reuses its result. A client's retry after a failure runs it again.
   * Costs one round trip. Write it before `run`, so that TypeScript infers the type of `prepared`.
   * Default: no preparation.
   */
  prepare?(
    context: PrepareContext<OutputOf<InputSchema>, CallerType, Read, Values>,
  ): Prepared | Promise<Prepared>
  /**
   * Executes the mutation in one transaction: writes, enqueued jobs and published messages are
   * committed together with the response, or not at all. A thrown problem is the response; any
   * other error is a defect, and the caller gets a 500.
   */
  run(
    context: MutationContext<OutputOf<InputSchema>, CallerType, Db, Values, Prepared, Row>,
  ): HandlerResult<InputOf<OutputSchema>> | Promise<HandlerResult<InputOf<OutputSchema>>>
}

/**
 * The input, output and problems of an operation, for typed clients. Type information only; never
 * set at runtime.
 */
export interface OperationTypes<Input, Output, Problem> {
  readonly input: Input
  readonly output: Output
  readonly problem: Problem
}

/**
 * An operation in the form that the framework uses: without the types of its input, output and
 * problems.
 */
export interface Operation {
  readonly kind: 'query' | 'mutation'
  readonly route: Route
  readonly access: AnyAccess
  readonly input: Schema
  readonly output: Schema
  /** True if a response has a body. */
  readonly hasOutput: boolean
  readonly problems: readonly AnyProblem[]
  readonly deadline: Duration
  /** Max number of statements that one run of the handler may execute. */
  readonly budget: number
  /** Max number of rows that one statement may return. */
  readonly maxRows: number
  /** True if `maxRows` was set explicitly. */
  readonly hasExplicitMaxRows: boolean
  readonly repeats: { readonly allow: string } | undefined
  /** The declared response headers and their descriptions. */
  readonly headers: Readonly<Record<string, string>>
  readonly cookies: readonly Cookie[]
  readonly redirects: Redirects | undefined
  readonly summary: string | undefined
  readonly description: string | undefined
  /** The status of a successful response. */
  readonly status: number
  readonly location: string | undefined
  readonly idempotency: 'required' | { readonly optional: string }
  /** The header that carries the idempotency key, in lower case. */
  readonly idempotencyHeader: string
  /** True if the stored answer is encrypted. */
  readonly isSealed: boolean
  readonly isolation: Isolation
  /** Returns the subjects of a call in addition to its caller. Default: none. */
  readonly subjectsOf: ((call: SubjectsOfCall<never, never>) => Subjects) | undefined
  /** The contents of its trail entries. Default: the trail does not record its calls. */
  readonly trail: AnyTrail | undefined
  /** The file and line of the definition. */
  readonly definedAt: string
  /** Works before the transaction of a mutation. Default: no preparation. */
  readonly prepare: ((context: PrepareContext<never, never, never, never>) => unknown) | undefined
  run(context: MutationContext<never, never, never, never, never>): unknown
  /** Type-only property; never set at run time. */
  readonly [phantom]?: OperationTypes<unknown, unknown, unknown>
}

/**
 * A defined query. Its type parameters are the input as clients send it, the output, and the
 * declared problems.
 */
export interface Query<Input = unknown, Output = unknown, Problem = unknown> extends Operation {
  readonly kind: 'query'
  readonly [phantom]?: OperationTypes<Input, Output, Problem>
}

/**
 * A defined mutation. Its type parameters are the input as clients send it, the output, and the
 * declared problems.
 */
export interface Mutation<Input = unknown, Output = unknown, Problem = unknown> extends Operation {
  readonly kind: 'mutation'
  readonly [phantom]?: OperationTypes<Input, Output, Problem>
}

const noInput: NoInput = described({ type: 'object', properties: {}, additionalProperties: false })
const noOutput: NoOutput = described({ type: 'null' })

/** The deadline of an operation that does not set one. */
const defaultDeadline: Duration = '5s'

const defaultBudget = 20
const defaultMaxRows = 10_000

/** The header of the idempotency key, unless a mutation sets `idempotencyHeader`. */
export const defaultKeyHeader: string = 'idempotency-key'

/**
 * The definition of a query or a mutation, in which all options that only mutations have are
 * optional.
 */
type AnyDefinition = Pick<Operation, 'run'> & { readonly prepare?: Operation['prepare'] } & {
  readonly route: QueryRoute | MutationRoute
} & Omit<
    MutationDefinition<Schema, Schema, AnyProblem, Caller, never, never, never, never, unknown>,
    'route' | 'run' | 'prepare'
  >

/** Creates an operation from its definition, which is validated when a service with it starts. */
export function createOperation<Kind extends Operation['kind']>(
  kind: Kind,
  definition: object,
  definedAt: string,
): Omit<Operation, 'kind' | typeof phantom> & { readonly kind: Kind } {
  const given = definition as AnyDefinition
  return {
    kind,
    route: parseRoute(given.route),
    access: given.access,
    input: given.input ?? noInput,
    output: given.output ?? noOutput,
    hasOutput: given.output !== undefined,
    problems: given.problems ?? [],
    deadline: given.deadline ?? defaultDeadline,
    budget: given.budget ?? defaultBudget,
    maxRows: given.maxRows ?? defaultMaxRows,
    hasExplicitMaxRows: given.maxRows !== undefined,
    repeats: given.repeats,
    headers: given.headers ?? {},
    cookies: given.cookies ?? [],
    redirects: given.redirects,
    summary: given.summary,
    description: given.description,
    status: given.status ?? (given.output === undefined ? 204 : 200),
    location: given.location,
    idempotency: given.idempotency ?? 'required',
    idempotencyHeader: given.idempotencyHeader?.toLowerCase() ?? defaultKeyHeader,
    isSealed: given.sealed ?? false,
    isolation: given.isolation ?? 'read committed',
    subjectsOf: given.subjectsOf,
    trail: given.trail,
    definedAt,
    prepare: given.prepare && ((context) => given.prepare?.(context)),
    run: (context) => given.run(context),
  }
}
