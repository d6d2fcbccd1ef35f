import type { Stage } from '../call.ts'
import { untilAborted } from '../deadline.ts'
import { ProblemError } from '../problem.ts'

/** Asks the operation's access rule, and narrows the caller to what it has made sure of. */
export const authorize: Stage = async (call, next) => {
  const { caller, header, signal, operation } = call
  const pending = operation.access.authorize({ caller, header, signal })
  const decision = pending instanceof Promise ? await untilAborted(pending, signal) : pending
  if (decision instanceof ProblemError) throw decision
  call.caller = decision
  return next(call)
}
