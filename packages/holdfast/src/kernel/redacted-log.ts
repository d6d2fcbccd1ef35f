import type { LogFields, Logger, LogLine } from './log.ts'
import type { Redactor } from './redact.ts'

/** A logger that hands on what a redactor leaves, as plain JSON: whatever is logged, it neither shows a secret nor fails. */
export function redactedLog(log: Logger, redactor: Redactor): Logger {
  const line =
    (level: 'debug' | 'info' | 'warn' | 'error'): LogLine =>
    (first: string | LogFields, message?: string) => {
      if (log.isLevelEnabled?.(level) === false) return
      if (typeof first === 'string') log[level](redactor.text(first))
      else log[level](redactor.fields(first), redactor.text(message ?? ''))
    }
  return {
    debug: line('debug'),
    info: line('info'),
    warn: line('warn'),
    error: line('error'),
    child: (fields) => redactedLog(log.child(redactor.fields(fields)), redactor),
  }
}
