import { toLogFields } from '../../../kernel/base/log.ts'
import type { AttemptEnd } from '../queries/finish.ts'
import type { AttemptScope } from './attempt-scope.ts'

/**
 * Logs a failed or snoozed attempt, and marks the span of a failed attempt. Ignores other outcomes.
 */
export function logFailure(error: unknown, end: AttemptEnd, { row, log, work }: AttemptScope): void {
  if (end.isFailure !== true && end.state !== 'scheduled') return
  if (end.isSnooze === true) {
    log.info(
      { error: toLogFields(error), snoozes: row.snoozes + 1, retryInMs: Math.round(end.delayMs ?? 0) },
      'job snoozed',
    )
    return
  }
  work.span.fail(error instanceof Error ? error.name : 'unknown')
  const fields = { error: toLogFields(error), failures: row.failures + (end.isFailure === true ? 1 : 0) }
  if (end.state === 'dead' && end.keepsSlot === true)
    log.error(
      fields,
      'job failed permanently (attempts exhausted); later jobs of its key wait until it is redriven or skipped',
    )
  else if (end.state === 'dead') log.error(fields, 'job failed permanently (attempts exhausted)')
  else log.warn({ ...fields, retryInMs: Math.round(end.delayMs ?? 0) }, 'job failed; will retry')
}
