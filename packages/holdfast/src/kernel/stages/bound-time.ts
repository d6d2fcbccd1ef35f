import type { Clock } from '../clock.ts'
import type { Call, Stage } from '../call.ts'
import { startDeadline } from '../deadline.ts'
import { readDurationMs } from '../duration.ts'
import { BadRequest } from '../problems.ts'

/** The header with which a caller asks for less time than the operation's deadline: `250ms`, `2s`. */
const timeoutHeader = 'request-timeout'

/**
 * Starts the deadline of the call: the operation's, or the caller's where that is sooner. Whatever waits behind this stage
 * waits on the call's signal.
 */
export function boundTime({ clock }: { readonly clock: Clock }): Stage {
  return async (call, next) => {
    const deadline = startDeadline(clock, timeoutOf(call), call.signal)
    call.deadline = deadline
    call.signal = deadline.signal
    try {
      return await next(call)
    } finally {
      deadline.end()
    }
  }
}

function timeoutOf(call: Call): number {
  const asked = call.header(timeoutHeader)
  if (asked === undefined) return call.operation.deadlineMs
  const askedMs = readDurationMs(asked)
  if (askedMs === undefined) {
    throw BadRequest({ detail: 'The Request-Timeout header has to be a number and a unit: 250ms, 2s or 1m.' })
  }
  return Math.min(askedMs, call.operation.deadlineMs)
}
