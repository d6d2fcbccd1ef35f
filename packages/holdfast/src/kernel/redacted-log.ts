import type { LogFields, Logger, LogLine } from './log.ts'
import type { Redactor } from './redact.ts'

// Every line has these by itself. A member that stands in an object twice is one that each reader reads as it likes.
const alwaysTaken: ReadonlySet<string> = new Set(['level', 'time', 'msg'])

/** A logger that hands on what a redactor leaves, as plain JSON: whatever is logged, it neither shows a secret nor fails. */
export function redactedLog(
  log: Logger,
  redactor: Redactor,
  taken: ReadonlySet<string> = alwaysTaken,
): Logger {
  const toFields = (fields: LogFields): LogFields => withFreeNames(redactor.fields(fields), taken)
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
    child(fields) {
      const own = toFields(fields)
      return redactedLog(log.child(own), redactor, new Set([...taken, ...Object.keys(own)]))
    },
  }
}

/**
 * Fields of which none is named like what a line has already: `level` becomes `level_`, and so does the `requestId` of a call, whoever sent
 * another one.
 */
function withFreeNames(fields: LogFields, taken: ReadonlySet<string>): LogFields {
  const entries = Object.entries(fields)
  if (!entries.some(([name]) => taken.has(name))) return fields
  return Object.fromEntries(entries.map(([name, value]) => [taken.has(name) ? `${name}_` : name, value]))
}
