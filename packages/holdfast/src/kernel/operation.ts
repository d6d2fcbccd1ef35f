import type { Access } from './access.ts'
import type { Caller } from './caller.ts'
import type { Context, MutationContext } from './context.ts'
import type { Duration } from './duration.ts'
import type { AnyProblemType } from './problem.ts'
import { type MutationRoute, parseRoute, type QueryRoute, type Route } from './route.ts'
import type { NoSettings } from './settings.ts'
import { described, type InputOf, type OutputOf, type Schema } from './schema.ts'

/** The input of an operation that takes none. */
export type NoInput = Schema<Record<string, never>, Record<string, never>>

/** The output of an operation that answers without content. */
export type NoOutput = Schema<void, void>

/** What queries and mutations are defined with alike. */
export interface OperationDefinition<
  I extends Schema,
  O extends Schema,
  P extends AnyProblemType,
  C extends Caller,
> {
  /** Who may call it. An operation without access does not start. */
  readonly access: Access<C>
  /**
   * An object schema. Path parameters are taken from the path, the others from the query string of a GET or DELETE and from
   * the JSON body of a POST, PUT or PATCH. Absent: the operation takes nothing.
   */
  readonly input?: I
  /** What `run` returns and the answer carries; every list in it needs a maximum. Absent: an answer without content. */
  readonly output?: O
  /** The failures that a client has to expect. A handler throws them. */
  readonly problems?: readonly P[]
  /** The total time of a call, its retries included. Default `'5s'`. A caller may ask for less, never for more. */
  readonly deadline?: Duration
  /** How many statements a run of its handler takes at most; more are told of in development, and refused in tests. Default 20. */
  readonly budget?: number
  /**
   * How many rows one of its statements gives at most. Default 10,000. More fail the call: HoldfastError `rows-exceeded`, answered
   * 500.
   */
  readonly maxRows?: number
  /** Why its handler repeats a statement, which is then neither told of nor refused. Default: it does not. */
  readonly repeats?: { readonly allow: string }
  /** What it does, in a line, for the API's documentation. */
  readonly summary?: string
  /** What it does, at length. */
  readonly description?: string
}

/** What a query is defined with. */
export interface QueryDefinition<
  I extends Schema,
  O extends Schema,
  P extends AnyProblemType,
  C extends Caller,
  Db,
  Values = NoSettings,
> extends OperationDefinition<I, O, P, C> {
  /** `GET` and a path, with parameters in braces: `GET /accounts/{id}`. */
  readonly route: QueryRoute
  /** Does the work. Thrown problems are answers; whatever else is thrown is a defect and answers 500. */
  run(context: Context<OutputOf<I>, C, Db, Values>): InputOf<O> | Promise<InputOf<O>>
}

/** How much of concurrent transactions a mutation sees (https://www.postgresql.org/docs/current/transaction-iso.html). */
export type Isolation = 'read committed' | 'repeatable read' | 'serializable'

/** What a mutation is defined with. */
export interface MutationDefinition<
  I extends Schema,
  O extends Schema,
  P extends AnyProblemType,
  C extends Caller,
  Db,
  Values = NoSettings,
> extends OperationDefinition<I, O, P, C> {
  /** `POST`, `PUT`, `PATCH` or `DELETE`, and a path with parameters in braces: `POST /accounts/{id}/close`. */
  readonly route: MutationRoute
  /** The status of success: 200, 201 or 202. Default 200; 204 where there is no output. */
  readonly status?: 200 | 201 | 202
  /** The path of what was made, filled from the output and sent as `Location`: `/accounts/{id}`. */
  readonly location?: `/${string}`
  /**
   * Whether a call needs an `Idempotency-Key`. Default `'required'`. `{ optional: reason }` lets a call come without, which
   * is then not safe to retry; the reason says why that does no harm, and stands in the API's documentation.
   */
  readonly idempotency?: 'required' | { readonly optional: string }
  /** Which header carries its key. Default `'idempotency-key'`: another one where a caller has a header of its own for that. */
  readonly keyHeader?: string
  /**
   * The isolation of its transaction. Default `'read committed'`. A serialization failure, as a deadlock, has the handler
   * run again within the deadline.
   */
  readonly isolation?: Isolation
  /**
   * Does the work, in one transaction: what it writes, enqueues and publishes is committed with its answer, or not at all. Thrown problems are
   * answers; whatever else is thrown is a defect and answers 500.
   */
  run(context: MutationContext<OutputOf<I>, C, Db, Values>): InputOf<O> | Promise<InputOf<O>>
}

/** What an operation takes, gives and fails with, for a typed client. Present in types only. */
export interface OperationTypes<Input, Output, Problem> {
  readonly input: Input
  readonly output: Output
  readonly problem: Problem
}

/** An operation as the framework knows it, whatever its types. */
export interface Operation<Input = unknown, Output = unknown, Problem = unknown> {
  readonly kind: 'query' | 'mutation'
  readonly route: Route
  readonly access: Access
  readonly input: Schema
  readonly output: Schema
  /** Whether an answer has a body. */
  readonly hasOutput: boolean
  readonly problems: readonly AnyProblemType[]
  readonly deadline: Duration
  /** How many statements its handler runs at most. */
  readonly budget: number
  /** How many rows a statement gives at most. */
  readonly maxRows: number
  /** Whether it says so itself. */
  readonly saysMaxRows: boolean
  readonly repeats: { readonly allow: string } | undefined
  readonly summary: string | undefined
  readonly description: string | undefined
  /** The status of success. */
  readonly status: number
  readonly location: string | undefined
  readonly idempotency: 'required' | { readonly optional: string }
  /** The header that carries its key, in lower case. */
  readonly keyHeader: string
  readonly isolation: Isolation
  /** The file and line of the definition. */
  readonly place: string
  run(context: MutationContext<never, never, never, never>): unknown
  /** Never there; carries the types. */
  readonly types?: OperationTypes<Input, Output, Problem>
}

const noInput: NoInput = described({ type: 'object', properties: {}, additionalProperties: false })
const noOutput: NoOutput = described({ type: 'null' })

/** The deadline of an operation that declares none. */
const defaultDeadline: Duration = '5s'

const defaultBudget = 20
const defaultMaxRows = 10_000

/** The header of a mutation's key where it names none. */
export const defaultKeyHeader: string = 'idempotency-key'

type AnyDefinition = OperationDefinition<Schema, Schema, AnyProblemType, Caller> &
  Pick<Operation, 'run'> & {
    readonly route: QueryRoute | MutationRoute
  } & Partial<
    Pick<
      MutationDefinition<Schema, Schema, AnyProblemType, Caller, never, never>,
      'status' | 'location' | 'idempotency' | 'keyHeader' | 'isolation'
    >
  >

/** Makes an operation of its definition, which is judged when a service with it starts. */
export function createOperation<I extends Schema, O extends Schema, P>(
  kind: Operation['kind'],
  definition: object,
  place: string,
): Operation<InputOf<I>, OutputOf<O>, P> {
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
    saysMaxRows: given.maxRows !== undefined,
    repeats: given.repeats,
    summary: given.summary,
    description: given.description,
    status: given.status ?? (given.output === undefined ? 204 : 200),
    location: given.location,
    idempotency: given.idempotency ?? 'required',
    keyHeader: given.keyHeader?.toLowerCase() ?? defaultKeyHeader,
    isolation: given.isolation ?? 'read committed',
    place,
    run: (context) => given.run(context),
  }
}
