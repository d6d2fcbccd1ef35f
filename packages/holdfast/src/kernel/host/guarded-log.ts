import type { LogFields, Logger, LogLine } from '../base/log.ts'
import type { ServiceHost } from './service-host.ts'

/**
 * Returns a logger that never throws: a committed call is answered even if its log line cannot be
 * written. The first lost line is reported to `notify`; later ones are not, because a full log
 * stays full.
 */
export function guardedLog(log: Logger, notify: ServiceHost['notify']): Logger {
  let hasReported = false
  return guarded(log, (error) => {
    if (hasReported) return
    hasReported = true
    notify(`The logger threw and a line was lost. Further losses are not reported: ${String(error)}`)
  })
}

function guarded(log: Logger, report: (error: unknown) => void): Logger {
  const line =
    (level: 'debug' | 'info' | 'warn' | 'error'): LogLine =>
    (first: string | LogFields, message?: string) => {
      try {
        if (typeof first === 'string') log[level](first)
        else log[level](first, message ?? '')
      } catch (error) {
        report(error)
      }
    }
  return {
    debug: line('debug'),
    info: line('info'),
    warn: line('warn'),
    error: line('error'),
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
