import type { Stage } from '../call.ts'
import type { Caller } from '../../operation/caller.ts'
import { abortable } from '../../base/cancellation.ts'
import { checkCaller } from '../../operation/check-caller.ts'
import { isThenable } from '../../base/thenable.ts'

/** The part of a call from which its caller is identified. */
export interface Credentials {
  /** Returns a request header by its lower-case name. */
  readonly header: (name: string) => string | undefined
  readonly signal: AbortSignal
}

/**
 * Identifies the caller of a call; returns `undefined` for an anonymous caller. Throws
 * `Unauthenticated` to reject invalid credentials.
 */
export type Identify = (credentials: Credentials) => Caller | undefined | Promise<Caller | undefined>

/** Returns the stage that sets the caller. If `find` returns no caller, the caller is anonymous. */
export function identify(find: Identify): Stage {
  return async (call, next) => {
    const { header, deadline } = call
    const found = find({ header, signal: deadline.signal })
    const caller = isThenable(found) ? await abortable(Promise.resolve(found), deadline) : found
    if (caller) {
      checkCaller(caller, 'identify')
      call.caller = caller
    }
    return next(call)
  }
}
