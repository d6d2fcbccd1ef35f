import type { Caller } from '../caller.ts'
import type { RowCheck } from './row-check.ts'
import type { Admits } from './admits.ts'
import type { AccessRequest } from '../credentials.ts'
import type { AnyProblem, ProblemError } from '../../problem/problem.ts'
import { findSecurityIssues, type SecurityRule } from '../security-scheme.ts'

/**
 * A rule that decides who may call an operation. It returns the caller, with the type that the rule
 * has verified, or the problem to answer with (usually `Unauthenticated` or `Forbidden`).
 *
 * A row rule instead returns a {@link RowCheck}, which decides once the input is validated. `Row`
 * is the type of `context.row`, and `Input` the input that the rule needs.
 */
export interface Access<
  out C extends Caller = Caller,
  out Row = undefined,
  in Input = unknown,
> extends SecurityRule {
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
  /** True if `authorize` may return a {@link RowCheck}. Default false. */
  readonly checksRow?: boolean
  /**
   * The callers that the rule may admit, for the matrix of `holdfast access`. Default: unknown.
   */
  readonly admits?: Admits
  /** The reason why the rule admits every caller. Default: the rule does not. */
  readonly publicBecause?: string
  readonly combines?: { readonly need: 'all' | 'one'; readonly rules: readonly AnyAccess[] }
  /** Returns the caller with its narrowed type, or the problem to answer with. */
  authorize(request: AccessRequest): AccessDecision<C, Row, Input> | Promise<AccessDecision<C, Row, Input>>
}

/** The decision of an access rule. */
export type AccessDecision<C extends Caller = Caller, Row = unknown, Input = never> =
  | C
  | ProblemError
  | RowCheck<C, Row, Input>

/** Any access rule. */
export type AnyAccess = Access<Caller, unknown, never>

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
 * Returns a rule that admits every caller, including anonymous ones.
 *
 * @param reason the reason why the operation is public, for reviews: `holdfast access` shows it. A
 *   service with an empty reason does not start.
 *
 * @example
 * ```ts
 * query({ route: 'GET /products', access: anyone('the catalog is public'), run: () => {} })
 * ```
 */
export function anyone(reason: string): Access<Caller> {
  return {
    name: 'anyone()',
    publicBecause: reason,
    admits: { kinds: ['anonymous', 'user', 'service'], always: true },
    securitySchemes: {},
    authorize: admitCaller,
  }
}

const admitCaller = ({ caller }: AccessRequest): Caller => caller

/** Returns true if a rule is {@link anyone}, which does not need to run. */
export function isAnyone(access: AnyAccess): boolean {
  return access.authorize === admitCaller
}

/** Returns the issues of an operation's access rule. */
export function findAccessIssues(access: AnyAccess | undefined): readonly string[] {
  // The types require an access rule, but a cast or plain JavaScript can omit it.
  if (typeof access?.authorize !== 'function') {
    return ["it has no access rule; add one, such as access: signedIn(), or anyone('why it is public')"]
  }
  const hasNoReason = rulesOf(access).some(
    (rule) => isAnyone(rule) && !(typeof rule.publicBecause === 'string' && rule.publicBecause.trim() !== ''),
  )
  return [
    ...findSecurityIssues(access.securitySchemes ?? {}),
    ...(hasNoReason ? ["`anyone` needs a reason, such as anyone('the catalog is public')"] : []),
  ]
}

/** Returns a rule and the rules that it combines. */
export function rulesOf(access: AnyAccess): readonly AnyAccess[] {
  return [access, ...(access.combines?.rules ?? []).flatMap(rulesOf)]
}
