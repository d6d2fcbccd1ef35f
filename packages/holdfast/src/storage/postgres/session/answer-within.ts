import type { Clock } from '../../../kernel/base/clock.ts'
import { HoldfastError } from '../../../kernel/base/holdfast-error.ts'
import { withTimeout } from '../../../kernel/base/wait.ts'

/** The error of a server that did not answer in time. */
export const unanswered: HoldfastError = new HoldfastError(
  'database-timeout',
  'The database timed out; the connection was closed.',
)

/** Options of {@link answerWithin}. */
export interface AnswerWait {
  readonly timeoutMs: number
  /** Default: real time, with a timer that keeps the process alive. */
  readonly clock?: Pick<Clock, 'after'>
}

/**
 * Waits for the server's answer up to a timeout, because a connection can be lost silently. Rejects
 * with {@link unanswered} on timeout.
 */
export function answerWithin<T>(answer: Promise<T>, wait: AnswerWait): Promise<T> {
  return withTimeout(answer, { ...wait, timedOut: () => unanswered })
}
