import type { LogFields, Logger, LogLine } from './log.ts'
import type { Surroundings } from './surroundings.ts'

/**
 * A logger that fails nobody: a call that has committed does not go unanswered because its line could not be written. That a line was
 * lost is told once, since a log that is full stays full.
 */
export function guardedLog(log: Logger, notify: Surroundings['notify']): Logger {
  let hasTold = false
  return guarded(log, (error) => {
    if (hasTold) return
    hasTold = true
    notify(`The logger failed and lost a line; of others that it loses nothing is said: ${String(error)}`)
  })
}

function guarded(log: Logger, tell: (error: unknown) => void): Logger {
  const line =
    (level: 'debug' | 'info' | 'warn' | 'error'): LogLine =>
    (first: string | LogFields, message?: string) => {
      try {
        if (typeof first === 'string') log[level](first)
        else log[level](first, message ?? '')
      } catch (error) {
        tell(error)
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
        tell(error)
        return true
      }
    },
    child(fields) {
      try {
        return guarded(log.child(fields), tell)
      } catch (error) {
        tell(error)
        return this
      }
    },
  }
}
