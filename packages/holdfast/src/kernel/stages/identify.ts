import type { Stage } from '../call.ts'
import type { Caller } from '../caller.ts'
import { untilAborted } from '../deadline.ts'

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
    const { header, signal } = call
    const caller = await untilAborted(Promise.resolve(find({ header, signal })), signal)
    if (caller) call.caller = caller
    return next(call)
  }
}
