import type { LogFields, Logger, LogLine } from './log.ts'
import type { Redactor } from './redact.ts'

// Every line has these by itself. A member that stands in an object twice is one that each reader reads as it likes.
const taken = ['level', 'time', 'msg'] as const

/** A logger that hands on what a redactor leaves, as plain JSON: whatever is logged, it neither shows a secret nor fails. */
export function redactedLog(log: Logger, redactor: Redactor): Logger {
  const toFields = (fields: LogFields): LogFields => withFreeNames(redactor.fields(fields))
  const line =
    (level: 'debug' | 'info' | 'warn' | 'error'): LogLine =>
    (first: string | LogFields, message?: string) => {
      if (log.isLevelEnabled?.(level) === false) return
      if (typeof first === 'string') log[level](redactor.text(first))
      else log[level](toFields(first), redactor.text(message ?? ''))
    }
  return {
    debug: line('debug'),
    info: line('info'),
    warn: line('warn'),
    error: line('error'),
    child: (fields) => redactedLog(log.child(toFields(fields)), redactor),
  }
}

/** Fields of which none is named like what a line has by itself: `level` becomes `level_`. */
function withFreeNames(fields: LogFields): LogFields {
  if (!taken.some((name) => Object.hasOwn(fields, name))) return fields
  const names = new Set<string>(taken)
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [names.has(name) ? `${name}_` : name, value]),
  )
}
