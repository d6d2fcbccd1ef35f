import type { Stage } from '../call.ts'
import type { Caller } from '../caller.ts'
import { untilAborted } from '../cancellation.ts'
import { checkCaller } from '../check-caller.ts'
import { isThenable } from '../thenable.ts'

/** What identifies a caller sees of the call. */
export interface Credentials {
  /** A request header by its lower-case name. */
  readonly header: (name: string) => string | undefined
  readonly signal: AbortSignal
}

/**
 * Finds out who makes a call. `undefined`: nobody that is known. Credentials that are wrong are refused by throwing
 * `Unauthenticated`.
 */
export type Identify = (credentials: Credentials) => Caller | undefined | Promise<Caller | undefined>

/** Sets the caller; it stays anonymous where nothing identifies it. */
export function identify(find: Identify): Stage {
  return async (call, next) => {
    const { header, deadline } = call
    const found = find({ header, signal: deadline.signal })
    const caller = isThenable(found) ? await untilAborted(Promise.resolve(found), deadline) : found
    if (caller) {
      checkCaller(caller, 'identify')
      call.caller = caller
    }
    return next(call)
  }
}
