import { abortable, type Cancellation } from '../base/cancellation.ts'
import type { Clock } from '../base/clock.ts'
import { isThenable } from '../base/thenable.ts'
import type { Caller } from '../operation/caller.ts'
import type { CompiledOperation } from '../operation/compile.ts'
import type { PrepareContext } from '../operation/context.ts'
import type { AdmissionSession } from '../operation/admission.ts'
import { ProblemError } from '../problem/problem.ts'
import type { AdmissionWork } from './admission-of.ts'
import type { Call } from './call.ts'
import { type FailureOptions, handlerFailures, logLate } from './handler-failure.ts'

/**
 * Runs a mutation's `prepare` within the call's deadline, and sets the call's `prepared`. Returns
 * the problem that `prepare` has thrown; throws any other failure.
 */
export type Prepare = (call: Call) => Promise<ThrownProblem | undefined>

/** A problem that `prepare` has thrown. */
export interface ThrownProblem {
  readonly problem: ProblemError
  /**
   * True if a statement of `prepare` failed for a reason that may be gone at the next attempt. This
   * failure may have caused the problem, so a retry must run again.
   */
  readonly isPassing: boolean
}

/** The database of `prepare`. */
export interface PreparationDatabase {
  /** Returns a read-only session. It takes a connection for each statement. */
  open(work: AdmissionWork): PreparationSession
  /** Returns the failure of a call whose preparation threw this error. */
  toFailure(error: unknown, deadline: Cancellation): unknown
}

/** The read-only database of one preparation. */
export interface PreparationSession extends AdmissionSession {
  /** The first statement failure that is independent of the statement. */
  readonly transientFailure: Error | undefined
  /** The first statement failure whose cause may be gone at the next attempt. */
  readonly passingFailure: Error | undefined
}

/** The parts of a service that `prepare` uses. */
export interface PrepareOptions extends FailureOptions {
  readonly settings: unknown
  readonly clock: Clock
  readonly database: PreparationDatabase | undefined
}

/**
 * Returns the function that prepares an operation's calls; `undefined` if the operation has no
 * `prepare`.
 */
export function createPrepare(operation: CompiledOperation, options: PrepareOptions): Prepare | undefined {
  const { prepare } = operation
  if (!prepare) return undefined
  const { database } = options
  const failureOf = handlerFailures(operation, options)
  return async (call) => {
    const { deadline, usage, log, caller } = call
    const span = call.span.begin('prepare', 'internal')
    const session = database?.open({ deadline, span, usage, log, caller })
    try {
      const value = prepare(contextOf(call, session, options) as never)
      call.prepared = isThenable(value)
        ? await abortable(Promise.resolve(value), deadline, (outcome) => logLate(outcome, call))
        : value
      return undefined
    } catch (error) {
      const failure = session?.transientFailure ?? failureOf(error, call)
      span.fail(failure instanceof ProblemError ? failure.code : 'error')
      if (!(failure instanceof ProblemError)) throw database?.toFailure(failure, deadline) ?? failure
      return { problem: failure, isPassing: session?.passingFailure !== undefined }
    } finally {
      span.end()
    }
  }
}

function contextOf(
  call: Call,
  session: PreparationSession | undefined,
  { settings, clock }: PrepareOptions,
): PrepareContext<unknown, Caller, unknown, unknown> {
  const { input, caller, log, deadline, requestId } = call
  return {
    input,
    caller,
    // A mutation needs a database, so there is a session.
    get db() {
      return session?.db
    },
    get statements() {
      return session?.statements as never
    },
    settings,
    log,
    get signal() {
      return deadline.signal
    },
    deadline,
    requestId,
    clock,
  }
}
