import type { Answer } from '../../operation/answer.ts'
import type { Admission } from '../../operation/admission.ts'
import type { Call, Next, Stage } from '../call.ts'
import type { Caller } from '../../operation/caller.ts'
import { abortable } from '../../base/cancellation.ts'
import { checkCaller } from '../../operation/check-caller.ts'
import { type Identifier, readsCookies } from '../../operation/identifier.ts'
import { isThenable } from '../../base/thenable.ts'
import { ProblemError } from '../../problem/problem.ts'
import { type AdmissionOptions, admissionOf, failureOf } from '../admission-of.ts'

/** The result of searching for a caller. */
export interface Identity {
  /** `undefined`: anonymous. */
  readonly caller: Caller | undefined
  /** The identifier that found the caller. */
  readonly identifier: Identifier | undefined
  /** The problem of an invalid cookie, if no identifier found a caller. */
  readonly refusal: ProblemError | undefined
}

/** Returns the stage that sets the caller. If no identifier finds one, the caller is anonymous. */
export function identify(identifiers: readonly Identifier[], options: AdmissionOptions): Stage {
  return (call, next) => {
    const fail = (error: unknown): never => {
      throw failureOf(error, call, options)
    }
    let found: Identity | Promise<Identity>
    try {
      found = findCaller(identifiers, admissionOf(call, options))
    } catch (error) {
      return fail(error)
    }
    if (!(found instanceof Promise)) return accept(found, call, next)
    return abortable(found, call.deadline).then((identity) => accept(identity, call, next), fail)
  }
}

function accept({ caller, identifier, refusal }: Identity, call: Call, next: Next): Answer | Promise<Answer> {
  if (caller) call.caller = caller
  call.identifier = identifier
  call.refusal = refusal
  return next(call)
}

/**
 * Asks the identifiers in order. Returns a promise only if an identifier does.
 *
 * @throws the problem of an identifier that rejects credentials other than a cookie.
 */
export function findCaller(
  [identifier, ...others]: readonly Identifier[],
  admission: Admission,
  refusal?: ProblemError,
): Identity | Promise<Identity> {
  if (!identifier) return { caller: undefined, identifier: undefined, refusal }
  const proceed = (caller: Caller | undefined): Identity | Promise<Identity> => {
    if (!caller) return findCaller(others, admission, refusal)
    checkCaller(caller, identifier.name)
    return { caller, identifier, refusal: undefined }
  }
  const fail = (error: unknown): Identity | Promise<Identity> => {
    if (!isUnauthenticated(error)) throw error
    error.refusedSchemes = identifier.securitySchemes
    if (!readsCookies(identifier)) throw error
    return findCaller(others, admission, refusal ?? error)
  }
  let found: unknown
  try {
    found = identifier.identify(admission)
  } catch (error) {
    return fail(error)
  }
  return isThenable(found)
    ? Promise.resolve(found as PromiseLike<Caller>).then(proceed, fail)
    : proceed(found as Caller)
}

function isUnauthenticated(error: unknown): error is ProblemError {
  return error instanceof ProblemError && error.status === 401
}
