import type { JsonSchema } from './json-schema.ts'
import { type OutputOf, type Schema, toJsonSchema } from './schema.ts'
import { createProjection } from './projection.ts'

/** The members that RFC 9457 and the framework give to a problem; `extra` may not redefine them. */
export const reservedMembers: readonly string[] = [
  'type',
  'title',
  'status',
  'detail',
  'instance',
  'code',
  'requestId',
]

/** Members of one occurrence that every problem may carry. */
export interface ProblemDetail {
  /** What happened this time, for a person (RFC 9457 `detail`). */
  readonly detail?: string
}

/** Options of {@link problem}. */
export interface ProblemOptions<Extra extends Schema> {
  /** HTTP status, 400 to 599. */
  readonly status: number
  /** What kind of problem it is, the same for every occurrence (RFC 9457 `title`). */
  readonly title: string
  /** How it comes about and what the client can do, for the problem's documentation page. */
  readonly description?: string
  /** The extension members of an occurrence; what it does not declare never leaves. */
  readonly extra?: Extra
  /** Headers of every answer with this problem, such as `Retry-After`. */
  readonly headers?: Readonly<Record<string, string>>
}

/**
 * A declared failure of an operation, and the function that makes an occurrence of it:
 * `throw InsufficientFunds({ balance })`.
 */
export interface ProblemType<Code extends string = string, Extra extends object = object> {
  (
    ...members: Record<never, never> extends Extra
      ? [members?: Extra & ProblemDetail]
      : [members: Extra & ProblemDetail]
  ): ProblemError<Code, Extra>
  /** Stable, kebab-case; the end of its `type` URI. */
  readonly code: Code
  readonly status: number
  readonly title: string
  readonly description?: string
  /** JSON Schema of the extension members. */
  readonly extraSchema?: JsonSchema
  readonly headers: Readonly<Record<string, string>>
}

/** A problem type whatever its code and members. */
// The arguments differ per type, and only `never` accepts every one of them.
export type AnyProblemType = Omit<ProblemType, never> & ((...members: never[]) => ProblemError)

/** One occurrence of a problem. Thrown by a handler, it is the answer. */
export class ProblemError<Code extends string = string, Extra extends object = object> extends Error {
  override readonly name = 'ProblemError'
  readonly problem: AnyProblemType
  readonly code: Code
  readonly status: number
  readonly detail: string | undefined
  /** The extension members, those declared only. */
  readonly extra: Extra
  /** Headers of this occurrence, over those of its type. */
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

/** What distinguishes one occurrence of a problem from another. */
export interface ProblemOccurrence<Extra extends object> {
  readonly detail: string | undefined
  readonly extra: Extra
  readonly headers?: Readonly<Record<string, string>>
}

/** The occurrence that a problem type, or a union of them, makes. */
export type ProblemOf<P> = P extends ProblemType<infer Code, infer Extra> ? ProblemError<Code, Extra> : never

type ExtraOf<Extra extends Schema> = OutputOf<Extra> extends object ? OutputOf<Extra> : Record<never, never>

/**
 * Declares a problem (RFC 9457). Its `type` URI ends in the code, so the code is for ever.
 *
 * @param code kebab-case, unique in the service.
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

/** A problem with what went wrong underneath, for the log. */
export function withCause(problem: ProblemError, cause: unknown): ProblemError {
  problem.cause = cause
  return problem
}
