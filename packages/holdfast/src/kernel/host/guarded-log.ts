import { type Logger, logLevels } from '../base/log.ts'
import type { ServiceHost } from './service-host.ts'

/**
 * Returns a logger that never throws, so that a committed call is answered even if its log line
 * cannot be written. The first lost line is reported to `notify`. Later lost lines are not
 * reported, because their cause is usually the same, such as a full disk.
 */
export function guardedLog(log: Logger, notify: ServiceHost['notify']): Logger {
  let hasReported = false
  return guarded(log, (error) => {
    if (hasReported) return
    hasReported = true
    notify(
      `The logger threw an error, so a line was lost; later losses are not reported. The error: ${String(error)}`,
    )
  })
}

function guarded(log: Logger, report: (error: unknown) => void): Logger {
  return {
    ...logLevels((level, fields, message = '') => {
      try {
        if (fields) log[level](fields, message)
        else log[level](message)
      } catch (error) {
        report(error)
      }
    }),
    isLevelEnabled(level) {
      try {
        return log.isLevelEnabled?.(level) ?? true
      } catch (error) {
        report(error)
        return true
      }
    },
    child(fields) {
      try {
        return guarded(log.child(fields), report)
      } catch (error) {
        report(error)
        return this
      }
    },
  }
}
