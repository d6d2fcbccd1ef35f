import type { Answer } from '../../operation/answer.ts'
import type { Call, Next, Stage } from '../call.ts'
import type { Caller } from '../../operation/caller.ts'
import { abortable } from '../../base/cancellation.ts'
import { type AdmissionOptions, admissionOf, failureOf } from '../admission-of.ts'
import { checkCaller } from '../../operation/check-caller.ts'
import { ProblemError } from '../../problem/problem.ts'
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
    let decision: Caller | ProblemError | PromiseLike<Caller | ProblemError>
    try {
      decision = call.operation.access.authorize(request)
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

function admit(decision: Caller | ProblemError, call: Call, next: Next): Answer | Promise<Answer> {
  if (decision instanceof ProblemError) throw reasonOf(decision, call)
  if (decision !== call.caller) checkCaller(decision, call.operation.access.name)
  call.caller = decision
  return next(call)
}

/**
 * Returns the problem of a rejected call. If the rule requires a caller and the request has an
 * invalid cookie, returns the cookie's problem, which is more specific.
 */
function reasonOf(decision: ProblemError, { refusal }: Call): ProblemError {
  return decision.status === 401 && refusal ? refusal : decision
}
