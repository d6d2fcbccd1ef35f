import type { Answer } from '../../operation/answer.ts'
import type { Call, Next, Stage } from '../call.ts'
import type { Caller } from '../../operation/caller.ts'
import { abortable } from '../../base/cancellation.ts'
import { checkCaller } from '../../operation/check-caller.ts'
import type { Clock } from '../../base/clock.ts'
import { ProblemError } from '../../problem/problem.ts'
import { isThenable } from '../../base/thenable.ts'

/** The inputs of access rules, besides the call. */
export interface AuthorizeOptions {
  readonly settings: unknown
  readonly clock: Clock
}

/**
 * Returns the stage that evaluates the operation's access rule and narrows the caller to the type
 * that the rule has verified.
 */
export function authorize({ settings, clock }: AuthorizeOptions): Stage {
  return (call, next) => {
    const { caller, header, rawBody, deadline, operation } = call
    const { signal } = deadline
    const decision = operation.access.authorize({ caller, header, rawBody, settings, clock, signal })
    return isThenable(decision)
      ? abortable(Promise.resolve(decision), deadline).then((decided) => admit(decided, call, next))
      : admit(decision, call, next)
  }
}

function admit(decision: Caller | ProblemError, call: Call, next: Next): Answer | Promise<Answer> {
  if (decision instanceof ProblemError) throw decision
  if (decision !== call.caller) checkCaller(decision, call.operation.access.name)
  call.caller = decision
  return next(call)
}
