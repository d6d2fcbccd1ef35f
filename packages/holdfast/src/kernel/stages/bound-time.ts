import type { Clock } from '../clock.ts'
import type { Call, Stage } from '../call.ts'
import { RunningDeadline } from '../deadline.ts'
import { readDurationMs } from '../duration.ts'
import { BadRequest } from '../problems.ts'

/** The header with which a caller asks for less time than the operation's deadline: `250ms`, `2s`. */
const timeoutHeader = 'request-timeout'

// What a timer of the process can wait, so that no call is given up before it has begun.
const minTimeoutMs = 1

/**
 * Starts the deadline of the call: the operation's, or the caller's where that is sooner. Whatever waits behind this stage
 * waits no longer than that.
 */
export function boundTime({ clock }: { readonly clock: Clock }): Stage {
  return (call, next) => {
    const deadline = new RunningDeadline(clock, timeoutOf(call), call.client)
    call.deadline = deadline
    try {
      deadline.throwIfAborted()
      const answer = next(call)
      if (answer instanceof Promise) return answer.finally(() => deadline.end())
      deadline.end()
      return answer
    } catch (error) {
      deadline.end()
      throw error
    }
  }
}

function timeoutOf(call: Call): number {
  const asked = call.header(timeoutHeader)
  if (asked === undefined) return call.operation.deadlineMs
  const askedMs = readDurationMs(asked)
  if (askedMs === undefined || askedMs < minTimeoutMs || askedMs === Infinity) {
    throw BadRequest({
      detail:
        'The Request-Timeout header has to be a number and a unit, and at least 1ms: 250ms, 2s or 1m, for example.',
    })
  }
  return Math.min(askedMs, call.operation.deadlineMs)
}
