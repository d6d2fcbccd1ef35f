import type { LogFields, Logger } from '../base/log.ts'

/**
 * The logger of one call. Its child logger is created with its first line, because most calls log
 * nothing.
 */
export class CallLog implements Logger {
  readonly #parent: Logger
  readonly #fields: () => LogFields
  #own: Logger | undefined

  constructor(parent: Logger, fields: () => LogFields) {
    this.#parent = parent
    this.#fields = fields
  }

  get #logger(): Logger {
    return (this.#own ??= this.#parent.child(this.#fields()))
  }

  debug(...line: LogArguments): void {
    write(this.#logger, 'debug', line)
  }

  info(...line: LogArguments): void {
    write(this.#logger, 'info', line)
  }

  warn(...line: LogArguments): void {
    write(this.#logger, 'warn', line)
  }

  error(...line: LogArguments): void {
    write(this.#logger, 'error', line)
  }

  child(fields: LogFields): Logger {
    return this.#logger.child(fields)
  }
}

type LogArguments = [message: string] | [fields: LogFields, message: string]

function write(logger: Logger, level: 'debug' | 'info' | 'warn' | 'error', line: LogArguments): void {
  if (line.length === 1) logger[level](line[0])
  else logger[level](line[0], line[1])
}
