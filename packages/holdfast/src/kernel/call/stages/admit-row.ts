import type { Admitted, RowRequest } from '../../operation/access/row-check.ts'
import type { Answer } from '../../operation/answer.ts'
import type { Call, Next, Stage } from '../call.ts'
import type { Caller } from '../../operation/caller.ts'
import type { Clock } from '../../base/clock.ts'
import { abortable } from '../../base/cancellation.ts'
import { checkCaller } from '../../operation/check-caller.ts'
import { ProblemError } from '../../problem/problem.ts'

/** The parts of the service that row rules receive. */
export interface AdmitRowOptions {
  readonly settings: unknown
  readonly clock: Clock
}

/**
 * Returns the stage that checks the row of the call, in the session or transaction of the handler,
 * and sets `row`. It runs again in each attempt of a mutation, because the row may have changed
 * since the last attempt. A replayed answer needs no row: it is the answer to a call that was
 * admitted, and only the same caller can get it.
 */
export function admitRow(options: AdmitRowOptions): Stage {
  return (call, next) => {
    const { rowCheck } = call
    // Another rule of `anyOf` has already admitted the caller.
    if (!rowCheck) return next(call)
    return abortable(rowCheck.check(requestOf(call, options)), call.deadline).then((outcome) =>
      admit(outcome, call, next),
    )
  }
}

function admit(
  outcome: Admitted<Caller, unknown> | ProblemError,
  call: Call,
  next: Next,
): Answer | Promise<Answer> {
  if (outcome instanceof ProblemError) {
    outcome.isRefusal = true
    throw outcome
  }
  if (outcome.caller !== call.caller) checkCaller(outcome.caller, call.operation.access.name)
  call.caller = outcome.caller
  call.row = outcome.row
  return next(call)
}

function requestOf(call: Call, { settings, clock }: AdmitRowOptions): RowRequest {
  const { input, db, log, deadline } = call
  return {
    input,
    db,
    locks: call.operation.kind === 'mutation',
    settings,
    clock,
    log,
    get signal() {
      return deadline.signal
    },
  }
}
