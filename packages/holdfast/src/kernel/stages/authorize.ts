import type { Answer } from '../answer.ts'
import type { Call, Next, Stage } from '../call.ts'
import type { Caller } from '../caller.ts'
import { untilAborted } from '../cancellation.ts'
import { checkCaller } from '../check-caller.ts'
import type { Clock } from '../clock.ts'
import { ProblemError } from '../problem.ts'
import { isThenable } from '../thenable.ts'

/** What access rules are asked with, beside the call. */
export interface AuthorizeOptions {
  readonly settings: unknown
  readonly clock: Clock
}

/** Asks the operation's access rule, and narrows the caller to what it has made sure of. */
export function authorize({ settings, clock }: AuthorizeOptions): Stage {
  return (call, next) => {
    const { caller, header, deadline, content, operation } = call
    const { signal } = deadline
    const decision = operation.access.authorize({ caller, header, signal, content, settings, clock })
    return isThenable(decision)
      ? untilAborted(Promise.resolve(decision), deadline).then((decided) => admit(decided, call, next))
      : admit(decision, call, next)
  }
}

function admit(decision: Caller | ProblemError, call: Call, next: Next): Answer | Promise<Answer> {
  if (decision instanceof ProblemError) throw decision
  if (decision !== call.caller) checkCaller(decision, call.operation.access.name)
  call.caller = decision
  return next(call)
}
