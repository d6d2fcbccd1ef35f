import { type LogArguments, type LogFields, type Logger, writeLine } from '../base/log.ts'

/**
 * The logger of one call. The child logger is created for the call's first line, because most calls
 * log nothing.
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
    writeLine(this.#logger, 'debug', ...line)
  }

  info(...line: LogArguments): void {
    writeLine(this.#logger, 'info', ...line)
  }

  warn(...line: LogArguments): void {
    writeLine(this.#logger, 'warn', ...line)
  }

  error(...line: LogArguments): void {
    writeLine(this.#logger, 'error', ...line)
  }

  child(fields: LogFields): Logger {
    return this.#logger.child(fields)
  }
}
