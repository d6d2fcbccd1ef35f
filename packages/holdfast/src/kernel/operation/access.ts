import { Admission } from './admission.ts'
import type { Caller } from './caller.ts'
import type { AccessRequest } from './credentials.ts'
import { isThenable } from '../base/thenable.ts'
import { type AnyProblem, ProblemError } from '../problem/problem.ts'
import type { SecurityRule } from './security-scheme.ts'

/**
 * A rule that decides who may call an operation. It returns the caller, with the type that the rule
 * has verified, or the problem to answer with (usually `Unauthenticated` or `Forbidden`).
 */
export interface Access<out C extends Caller = Caller> extends SecurityRule {
  /** The rule as written in the source, for documentation and error messages: `signedIn()`. */
  readonly name: string
  /**
   * Problems that the rule returns in addition to `Unauthenticated` and `Forbidden`. Default: none.
   */
  readonly problems?: readonly AnyProblem[]
  /**
   * True if the rule reads `rawBody`. The body is then parsed only after the rule has admitted the
   * caller. Default false.
   */
  readonly needsRawBody?: boolean
  /** Returns the caller with its narrowed type, or the problem to answer with. */
  authorize(request: AccessRequest): C | ProblemError | Promise<C | ProblemError>
}

/** Options of {@link access}. */
export type AccessOptions = Pick<Access, 'problems' | 'needsRawBody' | 'securitySchemes'>

/**
 * Returns a custom rule: `access('operator()', ({ caller }) => …)`. The type of the admitted
 * callers is the return type of `rule` without problems.
 *
 * @param name the rule as written in the source, for documentation, logs and error messages.
 * @param rule returns the caller, narrowed, or the problem to answer with.
 *
 * @example
 * ```ts
 * const operator = () =>
 *   access('operator()', ({ caller }) => (caller.kind === 'operator' ? caller : Forbidden()))
 * ```
 */
export function access<Decision extends Caller | ProblemError>(
  name: string,
  rule: (request: AccessRequest) => Decision | Promise<Decision>,
  options: AccessOptions = {},
): Access<Exclude<Decision, ProblemError>> {
  type Admitted = Exclude<Decision, ProblemError>
  return { ...options, name, authorize: (request) => rule(request) as Admitted | Promise<Admitted> }
}

/**
 * Returns a rule that admits every caller, anonymous ones included.
 *
 * @example
 * ```ts
 * query({ route: 'GET /ping', access: anyone(), run: () => {} })
 * ```
 */
export function anyone(): Access<Caller> {
  return { name: 'anyone()', securitySchemes: {}, authorize: admitCaller }
}

const admitCaller = ({ caller }: AccessRequest): Caller => caller

/** Returns true if a rule is {@link anyone}, which does not need to run. */
export function isAnyone(access: Access): boolean {
  return access.authorize === admitCaller
}

/** The type of the callers that a list of rules admits, if all rules must admit a caller. */
type AdmittedByAll<Rules extends readonly Access[]> = Rules extends readonly [
  Access<infer First>,
  ...infer Rest extends readonly Access[],
]
  ? First & AdmittedByAll<Rest>
  : Caller

/** The type of the callers that a list of rules admits, if one rule is enough to admit a caller. */
type AdmittedByAny<Rules extends readonly Access[]> = Rules[number] extends Access<infer C> ? C : never

/**
 * Returns a rule that admits a caller if every given rule does. The rules run in order. Each rule
 * receives the caller that the previous rule returned; the first refusal is returned.
 *
 * @example
 * ```ts
 * const customer = access('customer()', ({ caller }) => (caller.id ? caller : Unauthenticated()))
 * const trusted = access('trusted()', ({ caller }) => (caller.tenant ? caller : Forbidden()))
 *
 * query({ route: 'GET /ping', access: allOf(customer, trusted), run: () => {} })
 * ```
 */
export function allOf<const Rules extends readonly [Access, ...Access[]]>(
  ...rules: Rules
): Access<AdmittedByAll<Rules>> {
  return {
    name: `allOf(${rules.map((rule) => rule.name).join(', ')})`,
    problems: rules.flatMap((rule) => rule.problems ?? []),
    needsRawBody: rules.some((rule) => rule.needsRawBody === true),
    combines: { need: 'all', rules },
    authorize: (request) =>
      admitByAll(rules, request) as Promise<AdmittedByAll<Rules>> | AdmittedByAll<Rules>,
  }
}

/**
 * Returns a rule that admits a caller if at least one given rule does. If all refuse, the first
 * refusal is returned.
 *
 * @example
 * ```ts
 * const customer = access('customer()', ({ caller }) => (caller.id ? caller : Unauthenticated()))
 * const support = access('support()', ({ caller }) =>
 *   caller.kind === 'agent' ? caller : Forbidden(),
 * )
 *
 * query({ route: 'GET /ping', access: anyOf(customer, support), run: () => {} })
 * ```
 */
export function anyOf<const Rules extends readonly [Access, ...Access[]]>(
  ...rules: Rules
): Access<AdmittedByAny<Rules>> {
  return {
    name: `anyOf(${rules.map((rule) => rule.name).join(', ')})`,
    problems: rules.flatMap((rule) => rule.problems ?? []),
    needsRawBody: rules.some((rule) => rule.needsRawBody === true),
    combines: { need: 'one', rules },
    authorize: (request) =>
      admitByAny(rules, request) as Promise<AdmittedByAny<Rules>> | AdmittedByAny<Rules>,
  }
}

type Decision = Caller | ProblemError

/** Asks the rules in order, until one refuses. Returns a promise only if a rule does. */
function admitByAll(
  [rule, ...others]: readonly Access[],
  request: AccessRequest,
): Decision | Promise<Decision> {
  const proceed = (decision: Decision): Decision | Promise<Decision> =>
    decision instanceof ProblemError || others.length === 0
      ? decision
      : admitByAll(others, withCaller(request, decision))
  const decision = rule!.authorize(request)
  return isThenable(decision) ? Promise.resolve(decision).then(proceed) : proceed(decision)
}

/**
 * Asks the rules in order, until one admits the caller; otherwise returns the first refusal.
 * Returns a promise only if a rule does.
 */
function admitByAny(
  [rule, ...others]: readonly Access[],
  request: AccessRequest,
  first?: ProblemError,
): Decision | Promise<Decision> {
  const proceed = (decision: Decision): Decision | Promise<Decision> => {
    if (!(decision instanceof ProblemError)) return decision
    const refusal = first ?? decision
    return others.length === 0 ? refusal : admitByAny(others, request, refusal)
  }
  const decision = rule!.authorize(request)
  return isThenable(decision) ? Promise.resolve(decision).then(proceed) : proceed(decision)
}

/** Returns a request with another caller. */
function withCaller(request: AccessRequest, caller: Caller): AccessRequest {
  return request instanceof Admission ? request.withCaller(caller) : { ...request, caller }
}
