import type { Access } from './access.ts'
import { Admission } from '../admission.ts'
import type { Caller } from '../caller.ts'
import type { AccessRequest } from '../credentials.ts'
import { isThenable } from '../../base/thenable.ts'
import { ProblemError } from '../../problem/problem.ts'

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
