import { type LogFields, type Logger, logLevels } from './log.ts'
import type { Redactor } from './redact.ts'

// Names of the fields that every line contains. No other field may use these names, because JSON
// readers disagree about duplicate members.
const alwaysTaken: ReadonlySet<string> = new Set(['level', 'time', 'msg'])

/**
 * Returns a logger that redacts the fields, and passes them to `log` as plain JSON. The returned
 * logger never shows a secret and never throws.
 */
export function redactedLog(
  log: Logger,
  redactor: Redactor,
  taken: ReadonlySet<string> = alwaysTaken,
): Logger {
  const toFields = (fields: LogFields): LogFields => withFreeNames(redactor.fields(fields), taken)
  return {
    ...logLevels((level, fields, message = '') => {
      if (log.isLevelEnabled?.(level) === false) return
      const text = redactor.text(message)
      if (fields) log[level](toFields(fields), text)
      else log[level](text)
    }),
    child(fields) {
      const own = toFields(fields)
      return redactedLog(log.child(own), redactor, new Set([...taken, ...Object.keys(own)]))
    },
  }
}

/**
 * Renames fields whose names a line already uses: a field `level` becomes `level_`. In the log of a
 * call, a field `requestId` becomes `requestId_`.
 */
function withFreeNames(fields: LogFields, taken: ReadonlySet<string>): LogFields {
  const entries = Object.entries(fields)
  if (!entries.some(([name]) => taken.has(name))) return fields
  return Object.fromEntries(entries.map(([name, value]) => [taken.has(name) ? `${name}_` : name, value]))
}
