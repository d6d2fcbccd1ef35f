import type { Answer } from '../kernel/operation/answer.ts'
import type { Usage } from '../kernel/host/work.ts'
import type { WireInput } from '../kernel/operation/wire-input.ts'
import { type Peer, unknownPeer } from '../kernel/operation/credentials.ts'
import { hasBody } from '../kernel/operation/decode.ts'
import type { Operation } from '../kernel/operation/operation.ts'
import type { phantom } from '../kernel/base/phantom.ts'
import { ProblemError } from '../kernel/problem/problem.ts'
import type { RunningService } from '../kernel/service/service.ts'
import type { Operations } from '../kernel/service/service-definition.ts'

/** Options of a call in a test. */
export interface CallOptions {
  /** The `Idempotency-Key` of a mutation. Default: a new key for each call. `null`: no key. */
  readonly key?: string | null
  /** Request headers. Default: none. */
  readonly headers?: Readonly<Record<string, string>>
  /** The client, for identifiers and access rules. Default: unknown. */
  readonly peer?: Partial<Peer>
  /** Aborted when the client disconnects. Default: the client stays connected. */
  readonly signal?: AbortSignal
  /** Counts the resources of the call, such as its statements. Default: not counted. */
  readonly usage?: Usage
  /** Called with the error that made the service fail. Default: not reported. */
  readonly onFailure?: (error: unknown) => void
}

/**
 * Thrown if a response is not a success. The error has the members of the problem.
 *
 * @example
 * ```ts
 * await using tested = await createTestService(shop)
 *
 * const error = await tested.call.placeOrder({ total: -1 }).catch((reason: unknown) => reason)
 * if (error instanceof CallFailed) console.log(error.status, error.code) // 422 invalid-input
 * ```
 */
export class CallFailed extends Error {
  override readonly name = 'CallFailed'
  /** The problem's code. */
  readonly code: string
  readonly status: number
  /** The whole problem document (RFC 9457), including extension members. */
  readonly problem: Readonly<Record<string, unknown>>
  readonly answer: Answer

  /** `cause` is the error in the service, if the problem does not contain it. */
  constructor(answer: Answer, cause?: unknown) {
    const problem = JSON.parse(answer.body ?? '{}') as Record<string, unknown>
    super(`${answer.status} ${answer.body}`, cause === undefined ? {} : { cause })
    this.code = String(problem['code'])
    this.status = answer.status
    this.problem = problem
    this.answer = answer
  }
}

/** The input of an operation, as a client sends it. */
export type InputOfOperation<Defined extends Operation> = TypesOf<Defined>['input']
type OutputOfOperation<Defined extends Operation> = TypesOf<Defined>['output']
type TypesOf<Defined extends Operation> = NonNullable<Defined[typeof phantom]>

/**
 * Calls operations by name, with their types; rejects with {@link CallFailed} if the response is a
 * problem.
 */
export type TypedCaller<Defined extends Operations> = {
  readonly [Name in keyof Defined]: (
    input: InputOfOperation<Defined[Name]>,
    options?: CallOptions,
  ) => Promise<OutputOfOperation<Defined[Name]>>
}

/** Calls operations by name and returns the response, including problems. */
export type AnswerCaller<Defined extends Operations> = <Name extends keyof Defined & string>(
  name: Name,
  input: InputOfOperation<Defined[Name]>,
  options?: CallOptions,
) => Promise<Answer>

/**
 * Creates the caller that returns responses. A call goes through the whole pipeline, but through no
 * transport.
 */
export function createAnswerCaller<Defined extends Operations>(
  running: RunningService<Defined>,
): AnswerCaller<Defined> {
  return async (name, input, options = {}) => {
    const operation = running.operations.get(name)!
    const key = options.key === undefined && operation.kind === 'mutation' ? crypto.randomUUID() : options.key
    const headers = new Headers(options.headers)
    if (typeof key === 'string') headers.set('idempotency-key', key)
    return running.call({
      operation: name,
      input: toWire(operation, input as Readonly<Record<string, unknown>>),
      header: (header) => headers.get(header) ?? undefined,
      ...(options.peer ? { peer: () => ({ ...unknownPeer, ...options.peer }) } : {}),
      ...(options.usage ? { usage: options.usage } : {}),
      onFailure: options.onFailure,
      ...(options.signal ? { client: options.signal } : {}),
    })
  }
}

/** Creates the caller that returns outputs. */
export function createTypedCaller<Defined extends Operations>(
  operations: Defined,
  send: AnswerCaller<Defined>,
): TypedCaller<Defined> {
  const call =
    (name: string) =>
    async (input: never, options?: CallOptions): Promise<unknown> => {
      let failure: unknown
      const onFailure = (error: unknown): void => {
        failure = error
        options?.onFailure?.(error)
      }
      const answer = await send(name, input, { ...options, onFailure })
      if (answer.status >= 400) throw new CallFailed(answer, causeOf(failure))
      return answer.body === null ? undefined : (JSON.parse(answer.body) as unknown)
    }
  return Object.fromEntries(Object.keys(operations).map((name) => [name, call(name)])) as TypedCaller<Defined>
}

/**
 * Returns the error to add to the problem in the response: the failure itself, or the failure's
 * cause if the failure is that problem.
 */
function causeOf(failure: unknown): unknown {
  return failure instanceof ProblemError ? failure.cause : failure
}

/**
 * Converts an input to the form that a client would send: the path parameters and the query as
 * text, and the rest as JSON.
 */
function toWire({ route }: Operation, input: Readonly<Record<string, unknown>>): WireInput {
  const entries = Object.entries(input).filter(([, value]) => value !== undefined)
  const inPath = entries.filter(([name]) => route.parameters.includes(name))
  const rest = entries.filter(([name]) => !route.parameters.includes(name))
  const path = Object.fromEntries(inPath.map(([name, value]) => [name, String(value)]))
  if (hasBody(route.method)) {
    return { path, query: {}, body: JSON.parse(JSON.stringify(Object.fromEntries(rest))) as unknown }
  }
  const texts = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : [String(value)])
  return {
    path,
    query: Object.fromEntries(rest.map(([name, value]) => [name, texts(value)])),
    body: undefined,
  }
}
