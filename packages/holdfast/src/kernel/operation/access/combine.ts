import type { Access, AccessDecision, AnyAccess } from './access.ts'
import { Admission } from '../admission.ts'
import type { Caller } from '../caller.ts'
import type { AccessRequest } from '../credentials.ts'
import { isThenable } from '../../base/thenable.ts'
import { ProblemError } from '../../problem/problem.ts'
import { RowCheck } from './row-check.ts'

/** A list of rules. */
type Rules = readonly [AnyAccess, ...AnyAccess[]]

/** The rule that combines a list of rules, all of which must admit a caller. */
type All<List extends readonly AnyAccess[]> = Access<CallerOfAll<List>, RowOfAll<List>, InputOfAll<List>>

type CallerOfAll<List extends readonly AnyAccess[]> = List extends readonly [
  Access<infer First, unknown, never>,
  ...infer Rest extends readonly AnyAccess[],
]
  ? First & CallerOfAll<Rest>
  : Caller

/** The row of the first rule that has a row. */
type RowOfAll<List extends readonly AnyAccess[]> = List extends readonly [
  Access<Caller, infer First, never>,
  ...infer Rest extends readonly AnyAccess[],
]
  ? [First] extends [undefined]
    ? RowOfAll<Rest>
    : First
  : undefined

type InputOfAll<List extends readonly AnyAccess[]> = List extends readonly [
  Access<Caller, unknown, infer First>,
  ...infer Rest extends readonly AnyAccess[],
]
  ? First & InputOfAll<Rest>
  : unknown

/** The rule that combines a list of rules, one of which must admit a caller. */
type One<List extends readonly AnyAccess[]> = Access<
  List[number] extends Access<infer C, unknown, never> ? C : never,
  List[number] extends Access<Caller, infer Row, never> ? Row : never,
  InputOfAll<List>
>

/**
 * Returns a rule that admits a caller if every given rule does. The rules run in order. Each rule
 * receives the caller that the previous rule returned; the first refusal is returned. `context.row`
 * is the row of the first rule that has a row.
 *
 * @example
 * ```ts
 * const customer = access('customer()', ({ caller }) => (caller.id ? caller : Unauthenticated()))
 * const trusted = access('trusted()', ({ caller }) => (caller.tenant ? caller : Forbidden()))
 *
 * query({ route: 'GET /ping', access: allOf(customer, trusted), run: () => {} })
 * ```
 */
export function allOf<const List extends Rules>(...rules: List): All<List> {
  return {
    name: `allOf(${rules.map((rule) => rule.name).join(', ')})`,
    problems: rules.flatMap((rule) => rule.problems ?? []),
    needsRawBody: rules.some((rule) => rule.needsRawBody === true),
    checksRow: rules.some((rule) => rule.checksRow === true),
    combines: { need: 'all', rules },
    authorize: (request) => admitByAll(rules, request) as never,
  }
}

/**
 * Returns a rule that admits a caller if at least one given rule does. The rules run in order. If
 * all refuse, the first refusal is returned. `context.row` is the row of the rule that has admitted
 * the caller, so list row rules first if the handler needs the row.
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
export function anyOf<const List extends Rules>(...rules: List): One<List> {
  return {
    name: `anyOf(${rules.map((rule) => rule.name).join(', ')})`,
    problems: rules.flatMap((rule) => rule.problems ?? []),
    needsRawBody: rules.some((rule) => rule.needsRawBody === true),
    checksRow: rules.some((rule) => rule.checksRow === true),
    combines: { need: 'one', rules },
    authorize: (request) => admitByAny(rules, request) as never,
  }
}

type Decision = AccessDecision<Caller, unknown, unknown>
type AnyCheck = RowCheck<Caller, unknown, unknown>

/**
 * Evaluates the rules in order, until one refuses. Returns a promise only if a rule does.
 *
 * @param checks the checks of the earlier row rules.
 */
function admitByAll(
  [rule, ...others]: readonly AnyAccess[],
  request: AccessRequest,
  checks: readonly AnyCheck[] = [],
): Decision | Promise<Decision> {
  const proceed = (decision: Decision): Decision | Promise<Decision> => {
    if (decision instanceof ProblemError) return decision
    const isCheck = decision instanceof RowCheck
    const all = isCheck ? [...checks, decision] : checks
    const caller = isCheck ? decision.caller : decision
    if (others.length > 0) return admitByAll(others, withCaller(request, caller), all)
    return all.length === 0 ? caller : passAll(all, caller)
  }
  const decision = rule!.authorize(request) as Decision | Promise<Decision>
  return isThenable(decision) ? Promise.resolve(decision).then(proceed) : proceed(decision)
}

/** Returns a check that runs several checks in order, until one refuses. */
function passAll(checks: readonly AnyCheck[], admitted: Caller): AnyCheck {
  return new RowCheck(admitted, async (request) => {
    let caller = admitted
    let row: unknown
    for (const each of checks) {
      // One after the other: the first refusal is the answer, and the handler has one connection.
      const outcome = await each.check(request)
      if (outcome instanceof ProblemError) return outcome
      if (outcome.caller !== each.caller) ({ caller } = outcome)
      row ??= outcome.row
    }
    return { caller, row }
  })
}

/** The results of the rules evaluated by {@link admitByAny}. */
interface Asked {
  /** The checks of row rules, one of which may admit the caller later. */
  readonly checks: readonly AnyCheck[]
  readonly refusal?: ProblemError
}

/**
 * Evaluates the rules in order, until one admits the caller. Otherwise returns the checks of the
 * row rules, or the first refusal. Returns a promise only if a rule does.
 */
function admitByAny(
  [rule, ...others]: readonly AnyAccess[],
  request: AccessRequest,
  { checks, refusal }: Asked = { checks: [] },
): Decision | Promise<Decision> {
  const proceed = (decision: Decision): Decision | Promise<Decision> => {
    const asked: Asked = {
      checks: decision instanceof RowCheck ? [...checks, decision] : checks,
      ...(decision instanceof ProblemError ? { refusal: refusal ?? decision } : refusal ? { refusal } : {}),
    }
    const isAdmitted = !(decision instanceof ProblemError) && !(decision instanceof RowCheck)
    if (isAdmitted) return checks.length === 0 ? decision : passOne(asked.checks, decision)
    if (others.length > 0) return admitByAny(others, request, asked)
    return asked.checks.length === 0 ? asked.refusal! : passOne(asked.checks)
  }
  const decision = rule!.authorize(request) as Decision | Promise<Decision>
  return isThenable(decision) ? Promise.resolve(decision).then(proceed) : proceed(decision)
}

/**
 * Returns a check that runs several checks in order, until one admits the caller.
 *
 * @param otherwise the caller that is admitted without a row if all checks refuse.
 */
function passOne(checks: readonly AnyCheck[], otherwise?: Caller): AnyCheck {
  return new RowCheck(checks[0]!.caller, async (request) => {
    let refusal: ProblemError | undefined
    for (const each of checks) {
      // One after the other, so that unneeded rows are not locked.
      const outcome = await each.check(request)
      if (!(outcome instanceof ProblemError)) return outcome
      refusal ??= outcome
    }
    return otherwise ? { caller: otherwise, row: undefined } : refusal!
  })
}

/** Returns the request with a different caller. */
function withCaller(request: AccessRequest, caller: Caller): AccessRequest {
  return request instanceof Admission ? request.withCaller(caller) : { ...request, caller }
}
