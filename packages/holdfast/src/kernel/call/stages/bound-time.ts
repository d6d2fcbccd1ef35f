import type { Clock } from '../../base/clock.ts'
import type { Call, Stage } from '../call.ts'
import { RunningDeadline } from '../../operation/deadline.ts'
import { readDurationMs } from '../../base/duration.ts'
import { endingWith } from '../../base/thenable.ts'
import { TimerQueue } from '../../base/timer-queue.ts'
import { BadRequest } from '../../problem/problems.ts'

/** The header by which a caller requests a shorter deadline than the operation's: `250ms`, `2s`. */
const timeoutHeader = 'request-timeout'

// The shortest delay of a timer, so that no call times out before it has started.
const minTimeoutMs = 1

/** Options of {@link boundTime}. */
export interface BoundTimeOptions {
  readonly clock: Clock
  /** The deadline of the operation, in milliseconds after the start of a call. */
  readonly deadlineMs: number
}

/**
 * Returns the stage that starts the call's deadline: the operation's or the caller's requested
 * deadline, whichever is sooner. Later stages do not wait beyond it.
 */
export function boundTime({ clock, deadlineMs }: BoundTimeOptions): Stage {
  const timers = new TimerQueue(clock, deadlineMs)
  return (call, next) => {
    const deadline = new RunningDeadline(clock, timeoutOf(call, deadlineMs), { client: call.client, timers })
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

function timeoutOf(call: Call, deadlineMs: number): number {
  const asked = call.header(timeoutHeader)
  if (asked === undefined) return deadlineMs
  const askedMs = readDurationMs(asked)
  if (askedMs === undefined || askedMs < minTimeoutMs || askedMs === Infinity) {
    throw BadRequest({
      detail:
        'The Request-Timeout header must be a number with a unit, at least 1ms; for example 250ms, 2s or 1m.',
    })
  }
  return Math.min(askedMs, deadlineMs)
}
