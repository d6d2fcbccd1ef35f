import type { Caller } from './caller.ts'
import type { Clock } from './clock.ts'
import { Forbidden } from './problems.ts'
import { type AnyProblemType, ProblemError } from './problem.ts'
import type { SecurityRule } from './security-scheme.ts'

/** What an access rule sees of a call. It is asked before the input is read. */
export interface AccessRequest {
  readonly caller: Caller
  /** A request header by its lower-case name. */
  readonly header: (name: string) => string | undefined
  /** Aborted when the deadline has passed or the caller has gone away. */
  readonly signal: AbortSignal
  /** The body as it was received, byte by byte, for a rule that reads it. */
  readonly content?: Uint8Array | undefined
  /** What the program is configured with; absent where the rule is asked about something else than a call. */
  readonly settings?: unknown
  /** The time of the service; absent where the rule is asked about something else than a call. */
  readonly clock?: Clock
}

/**
 * A rule that says who may call an operation. It answers with the caller, narrowed to what the rule has made sure of, or
 * with the problem that refuses the call (`Unauthenticated` or `Forbidden`, as a rule).
 */
export interface Access<out C extends Caller = Caller> extends SecurityRule {
  /** For documentation and error messages, as it is written in the source: `signedIn()`. */
  readonly name: string
  /** What it refuses with beside `Unauthenticated` and `Forbidden`. */
  readonly problems?: readonly AnyProblemType[]
  /** Whether it reads the body as it was received: nothing is parsed before it has admitted the caller. */
  readonly readsContent?: boolean
  authorize(request: AccessRequest): C | ProblemError | Promise<C | ProblemError>
}

/** Everyone may call, known or not. */
export function anyone(): Access<Caller> {
  return { name: 'anyone()', securitySchemes: {}, authorize: ({ caller }) => caller }
}

/** Whom a list of rules admits: a caller that every one of them has narrowed. */
type AdmittedByAll<Rules extends readonly Access[]> = Rules extends readonly [
  Access<infer First>,
  ...infer Rest extends readonly Access[],
]
  ? First & AdmittedByAll<Rest>
  : Caller

/** Whom a list of rules admits when one of them is enough. */
type AdmittedByAny<Rules extends readonly Access[]> = Rules[number] extends Access<infer C> ? C : never

/**
 * Admits a caller whom every rule admits. The rules are asked in order, each with the caller as the one before
 * narrowed it; the first refusal is the answer.
 */
export function allOf<const Rules extends readonly [Access, ...Access[]]>(
  ...rules: Rules
): Access<AdmittedByAll<Rules>> {
  return {
    name: `allOf(${rules.map((rule) => rule.name).join(', ')})`,
    problems: rules.flatMap((rule) => rule.problems ?? []),
    readsContent: rules.some((rule) => rule.readsContent === true),
    combines: { need: 'all', rules },
    async authorize(request) {
      let caller = request.caller
      for (const rule of rules) {
        const decision = await rule.authorize({ ...request, caller })
        if (decision instanceof ProblemError) return decision
        caller = decision
      }
      return caller as AdmittedByAll<Rules>
    },
  }
}

/** Admits a caller whom one of the rules admits. Where none does, the first refusal is the answer. */
export function anyOf<const Rules extends readonly [Access, ...Access[]]>(
  ...rules: Rules
): Access<AdmittedByAny<Rules>> {
  return {
    name: `anyOf(${rules.map((rule) => rule.name).join(', ')})`,
    problems: rules.flatMap((rule) => rule.problems ?? []),
    readsContent: rules.some((rule) => rule.readsContent === true),
    combines: { need: 'one', rules },
    async authorize(request) {
      let refusal: ProblemError | undefined
      for (const rule of rules) {
        const decision = await rule.authorize(request)
        if (!(decision instanceof ProblemError)) return decision as AdmittedByAny<Rules>
        refusal ??= decision
      }
      return refusal ?? Forbidden()
    },
  }
}
