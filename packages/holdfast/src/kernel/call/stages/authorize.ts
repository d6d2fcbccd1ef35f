import type { AccessRequest } from '../../operation/access.ts'
import type { Answer } from '../../operation/answer.ts'
import type { Call, Next, Stage } from '../call.ts'
import type { Caller } from '../../operation/caller.ts'
import { abortable } from '../../base/cancellation.ts'
import { checkCaller } from '../../operation/check-caller.ts'
import type { Clock } from '../../base/clock.ts'
import { type Getters, gettersOf, defineOwnGetters } from '../../base/define-own-getters.ts'
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
    const decision = call.operation.access.authorize(new AccessCall(call, { settings, clock }))
    return isThenable(decision)
      ? abortable(Promise.resolve(decision), call.deadline).then((decided) => admit(decided, call, next))
      : admit(decision, call, next)
  }
}

/** A call, as an access rule sees it. */
class AccessCall implements AccessRequest {
  static readonly #getters: Getters = gettersOf(AccessCall.prototype)
  readonly caller: Caller
  readonly header: AccessRequest['header']
  readonly rawBody: Uint8Array | undefined
  readonly settings: unknown
  readonly clock: Clock
  readonly #call: Call

  constructor(call: Call, { settings, clock }: AuthorizeOptions) {
    this.#call = call
    this.caller = call.caller
    this.header = call.header
    this.rawBody = call.rawBody
    this.settings = settings
    this.clock = clock
    defineOwnGetters(this, AccessCall.#getters)
  }

  get signal(): AbortSignal {
    return this.#call.deadline.signal
  }
}

function admit(decision: Caller | ProblemError, call: Call, next: Next): Answer | Promise<Answer> {
  if (decision instanceof ProblemError) throw decision
  if (decision !== call.caller) checkCaller(decision, call.operation.access.name)
  call.caller = decision
  return next(call)
}
