import type { AccessDecision } from '../../operation/access/access.ts'
import type { Answer } from '../../operation/answer.ts'
import type { Call, Next, Stage } from '../call.ts'
import type { Caller } from '../../operation/caller.ts'
import { abortable } from '../../base/cancellation.ts'
import { type AdmissionOptions, admissionOf, failureOf } from '../admission-of.ts'
import { checkCaller } from '../../operation/check-caller.ts'
import { ProblemError } from '../../problem/problem.ts'
import { RowCheck } from '../../operation/access/row-check.ts'
import { isThenable } from '../../base/thenable.ts'

/**
 * Returns the stage that evaluates the operation's access rule and narrows the caller to the type
 * that the rule has verified.
 */
export function authorize(options: AdmissionOptions): Stage {
  return (call, next) => {
    const request = admissionOf(call, options)
    request.caller = call.caller
    const fail = (error: unknown): never => {
      throw failureOf(error, call, options)
    }
    let decision: Decision | PromiseLike<Decision>
    try {
      decision = call.operation.access.authorize(request) as Decision | PromiseLike<Decision>
    } catch (error) {
      return fail(error)
    }
    if (!isThenable(decision)) return admit(decision, call, next)
    return abortable(Promise.resolve(decision), call.deadline).then(
      (decided) => admit(decided, call, next),
      fail,
    )
  }
}

type Decision = AccessDecision<Caller, unknown, unknown>

function admit(decision: Decision, call: Call, next: Next): Answer | Promise<Answer> {
  if (decision instanceof ProblemError) throw reasonOf(decision, call)
  const { access } = call.operation
  // Without `checksRow`, no stage would run the check. A check is not a caller, so the call fails.
  const isCheck = access.checksRow === true && decision instanceof RowCheck
  const caller = isCheck ? decision.caller : decision
  if (caller !== call.caller) checkCaller(caller, access.name)
  call.caller = caller as Caller
  call.rowCheck = isCheck ? decision : undefined
  if (call.caller.tenant !== undefined) call.span.set('holdfast.tenant', call.caller.tenant)
  return next(call)
}

/**
 * Returns the problem of a rejected call. Prefers the problem of an invalid cookie, which is more
 * specific, if the rule requires a caller.
 */
function reasonOf(decision: ProblemError, { refusal }: Call): ProblemError {
  return decision.status === 401 && refusal ? refusal : decision
}
