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
  /**
   * The cause of the problem, and advice for the client, for the problem's documentation page.
   * Default: none.
   */
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
 * A declared failure of an operation. It is also the function that creates one occurrence:
 * `throw InsufficientFunds()`.
 */
export interface Problem<Code extends string = string> extends ProblemMembers<Code> {
  (members?: ProblemDetail): ProblemError<Code>
}

/** A {@link Problem} with extension members: `throw InsufficientFunds({ balance })`. */
export interface ProblemWith<Code extends string, Extra extends object> extends ProblemMembers<Code> {
  (
    ...members: Record<never, never> extends Extra
      ? [members?: Extra & ProblemDetail]
      : [members: Extra & ProblemDetail]
  ): ProblemErrorWith<Code, Extra>
}

/** Any problem. */
export interface AnyProblem extends ProblemMembers<string> {
  // Each problem has different parameters, and only `never` is assignable to all of them.
  (...members: never[]): ProblemError
}

/** The members of a declared problem. */
export interface ProblemMembers<Code extends string> {
  /** Stable, kebab-case; the last part of the `type` URI. */
  readonly code: Code
  readonly status: number
  readonly title: string
  readonly description?: string
  /** JSON Schema of the extension members. */
  readonly extraSchema?: JsonSchema
  readonly headers: Readonly<Record<string, string>>
}

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
export class ProblemError<Code extends string = string> extends Error {
  override readonly name = 'ProblemError'
  readonly problem: AnyProblem
  readonly code: Code
  readonly status: number
  readonly detail: string | undefined
  /** The declared extension members. */
  readonly extra: object
  /** Headers of this occurrence, which override the headers of its type. */
  readonly headers: Readonly<Record<string, string>>
  /** The security schemes of the credentials that an identifier rejected with this problem. */
  refusedSchemes: Readonly<Record<string, object>> | undefined
  /**
   * True if an access rule has refused a row with this problem. Such a problem is not stored as a
   * key's answer, because the caller may be admitted later.
   */
  isRefusal = false

  constructor(problem: AnyProblem, occurrence: ProblemOccurrence) {
    super(occurrence.detail ?? problem.title)
    this.problem = problem
    this.code = problem.code as Code
    this.status = problem.status
    this.detail = occurrence.detail
    this.extra = occurrence.extra
    this.headers = { ...problem.headers, ...occurrence.headers }
  }
}

/** One occurrence of a {@link ProblemWith}. */
export interface ProblemErrorWith<Code extends string, Extra extends object> extends ProblemError<Code> {
  readonly extra: Extra
}

/** The parts of a problem that differ between its occurrences. */
export interface ProblemOccurrence {
  readonly detail: string | undefined
  readonly extra: object
  readonly headers?: Readonly<Record<string, string>>
}

/** The type of an occurrence of a problem, or of one of several problems. */
export type ProblemOf<Declared> = Declared extends AnyProblem ? ReturnType<Declared> : never

type ProblemFor<Code extends string, Extra extends Schema> = [Schema] extends [Extra]
  ? Problem<Code>
  : ProblemWith<Code, Extract<OutputOf<Extra>, object>>

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
export function problem<const Code extends string, Extra extends Schema = Schema>(
  code: Code,
  options: ProblemOptions<Extra>,
): ProblemFor<Code, Extra> {
  const extraSchema = options.extra && toJsonSchema(options.extra, 'output')
  const project = extraSchema ? createProjection(extraSchema) : () => ({})
  const occur = (members: ProblemDetail = {}): ProblemError<Code> => {
    const { detail, ...extra } = members
    return new ProblemError(type, { detail, extra: project(extra) as object })
  }
  const type: Problem<Code> = Object.assign(occur, {
    code,
    status: options.status,
    title: options.title,
    headers: Object.fromEntries(
      Object.entries(options.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
    ),
    ...(options.description === undefined ? {} : { description: options.description }),
    ...(extraSchema ? { extraSchema } : {}),
  })
  return type as unknown as ProblemFor<Code, Extra>
}

/** Sets the cause of a problem, for the log, and returns the problem. */
export function withCause(problem: ProblemError, cause: unknown): ProblemError {
  problem.cause = cause
  return problem
}
