import type { Clock } from '../../base/clock.ts'
import type { Call, Stage } from '../call.ts'
import { RunningDeadline } from '../../operation/deadline.ts'
import { readDurationMs } from '../../base/duration.ts'
import { endingWith } from '../../base/thenable.ts'
import { BadRequest } from '../../problem/problems.ts'

/**
 * The header with which a caller requests a shorter deadline than the operation's: `250ms`, `2s`.
 */
const timeoutHeader = 'request-timeout'

// The shortest delay of a timer, so that no call times out before it has started.
const minTimeoutMs = 1

/**
 * Returns the stage that starts the call's deadline: the deadline of the operation, or the caller's
 * requested deadline if it is sooner. The later stages do not wait beyond the deadline.
 */
export function boundTime({ clock }: { readonly clock: Clock }): Stage {
  return (call, next) => {
    const deadline = new RunningDeadline(clock, timeoutOf(call), call.client)
    call.deadline = deadline
    try {
      deadline.throwIfAborted()
      const answer = next(call)
      if (answer instanceof Promise) return endingWith(answer, () => deadline.end())
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
        'The Request-Timeout header must be a number with a unit, at least 1ms; for example 250ms, 2s or 1m.',
    })
  }
  return Math.min(askedMs, call.operation.deadlineMs)
}
