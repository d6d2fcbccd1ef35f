import type { JsonSchema } from '../schema/json-schema.ts'
import { type OutputOf, type Schema, toJsonSchema } from '../schema/schema.ts'
import { createProjection } from '../schema/projection.ts'

/** The members that RFC 9457 and the framework define; `extra` may not redefine them. */
export const reservedMembers: readonly string[] = [
  'type',
  'title',
  'status',
  'detail',
  'instance',
  'code',
  'requestId',
]

/** Members that every occurrence of a problem may have. */
export interface ProblemDetail {
  /** A human-readable description of this occurrence (RFC 9457 `detail`). */
  readonly detail?: string
}

/** Options of {@link problem}. */
export interface ProblemOptions<Extra extends Schema> {
  /** HTTP status, 400 to 599. */
  readonly status: number
  /** The kind of problem, the same for every occurrence (RFC 9457 `title`). */
  readonly title: string
  /** The cause and what the client can do, for the problem's documentation page. Default: none. */
  readonly description?: string
  /**
   * Schema of the extension members of an occurrence. Undeclared members are never sent. Default:
   * no members.
   */
  readonly extra?: Extra
  /** Headers of every response with this problem, such as `Retry-After`. Default: none. */
  readonly headers?: Readonly<Record<string, string>>
}

/**
 * A declared failure of an operation, which is also the function that creates an occurrence of it:
 * `throw InsufficientFunds({ balance })`.
 */
export interface ProblemType<Code extends string = string, Extra extends object = object> {
  (
    ...members: Record<never, never> extends Extra
      ? [members?: Extra & ProblemDetail]
      : [members: Extra & ProblemDetail]
  ): ProblemError<Code, Extra>
  /** Stable, kebab-case; the last part of the `type` URI. */
  readonly code: Code
  readonly status: number
  readonly title: string
  readonly description?: string
  /** JSON Schema of the extension members. */
  readonly extraSchema?: JsonSchema
  readonly headers: Readonly<Record<string, string>>
}

/** Any problem type. */
// The parameters differ per type, and only `never` is assignable to all of them.
export type AnyProblemType = Omit<ProblemType, never> & ((...members: never[]) => ProblemError)

/**
 * One occurrence of a problem. If a handler throws it, it is the response.
 *
 * @example
 * ```ts
 * try {
 *   throw Forbidden({ detail: 'Only operators may do this.' })
 * } catch (error) {
 *   if (error instanceof ProblemError) console.log(error.code) // 'forbidden'
 * }
 * ```
 */
export class ProblemError<Code extends string = string, Extra extends object = object> extends Error {
  override readonly name = 'ProblemError'
  readonly problem: AnyProblemType
  readonly code: Code
  readonly status: number
  readonly detail: string | undefined
  /** The declared extension members. */
  readonly extra: Extra
  /** Headers of this occurrence, which override the headers of its type. */
  readonly headers: Readonly<Record<string, string>>

  constructor(problem: AnyProblemType, occurrence: ProblemOccurrence<Extra>) {
    super(occurrence.detail ?? problem.title)
    this.problem = problem
    this.code = problem.code as Code
    this.status = problem.status
    this.detail = occurrence.detail
    this.extra = occurrence.extra
    this.headers = { ...problem.headers, ...occurrence.headers }
  }
}

/** The parts that differ between occurrences of a problem. */
export interface ProblemOccurrence<Extra extends object> {
  readonly detail: string | undefined
  readonly extra: Extra
  readonly headers?: Readonly<Record<string, string>>
}

/** The occurrence type of a problem type, or of a union of them. */
export type ProblemOf<P> = P extends ProblemType<infer Code, infer Extra> ? ProblemError<Code, Extra> : never

type ExtraOf<Extra extends Schema> = OutputOf<Extra> extends object ? OutputOf<Extra> : Record<never, never>

/**
 * Declares a problem (RFC 9457). Its `type` URI ends in the code, so a code must not change once it
 * is published.
 *
 * @param code kebab-case, unique in the service.
 *
 * @example
 * ```ts
 * const SoldOut = problem('sold-out', {
 *   status: 409,
 *   title: 'Not enough items in stock',
 *   extra: z.object({ left: z.int() }),
 * })
 *
 * const error = SoldOut({ left: 2, detail: 'Two items are left.' })
 * ```
 */
export function problem<
  const Code extends string,
  Extra extends Schema = Schema<unknown, Record<never, never>>,
>(code: Code, options: ProblemOptions<Extra>): ProblemType<Code, ExtraOf<Extra>> {
  const extraSchema = options.extra && toJsonSchema(options.extra, 'output')
  const project = extraSchema ? createProjection(extraSchema) : () => ({})
  const occur = (members: ProblemDetail = {}): ProblemError<Code, ExtraOf<Extra>> => {
    const { detail, ...extra } = members
    return new ProblemError(type as unknown as AnyProblemType, {
      detail,
      extra: project(extra) as ExtraOf<Extra>,
    })
  }
  const type = Object.assign(occur, {
    code,
    status: options.status,
    title: options.title,
    headers: Object.fromEntries(
      Object.entries(options.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
    ),
    ...(options.description === undefined ? {} : { description: options.description }),
    ...(extraSchema ? { extraSchema } : {}),
  })
  return type as unknown as ProblemType<Code, ExtraOf<Extra>>
}

/** Sets the cause of a problem, for the log, and returns the problem. */
export function withCause(problem: ProblemError, cause: unknown): ProblemError {
  problem.cause = cause
  return problem
}
