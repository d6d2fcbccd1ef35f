import { type Level, type LogFields, type Logger, logLevels } from '../base/log.ts'

/** The members of a winston logger that {@link fromWinston} uses. */
export interface WinstonLogger {
  /** The names of the levels, and their severity. */
  readonly levels: Readonly<Record<string, number>>
  log(line: { level: string; message: string; [field: string]: unknown }): unknown
  isLevelEnabled(level: string): boolean
  child(fields: object): WinstonLogger
}

/**
 * Adapts a winston logger for a service: a service passes the fields before the message, as pino
 * expects, but winston expects the message first.
 *
 * A field called `message` is logged as `message_`: `message` is the text of the line. Syslog
 * levels are supported: `warn` is logged as `warning`.
 *
 * @example
 * ```ts no-run
 * import winston from 'winston'
 *
 * const log = fromWinston(winston.createLogger({ transports: [new winston.transports.Console()] }))
 * await serve(shop, { log })
 * ```
 */
export function fromWinston(logger: WinstonLogger): Logger {
  const levelOf = (level: Level): string =>
    level === 'warn' && !('warn' in logger.levels) && 'warning' in logger.levels ? 'warning' : level
  return {
    // Each line is passed as one object, because `logger.info(message, fields)` has two faults: it
    // appends a field called `message` to the text, and it drops the fields if the text contains
    // `%s`.
    ...logLevels((level, fields, message = '') => {
      logger.log({ ...withoutMessage(fields), level: levelOf(level), message })
    }),
    isLevelEnabled: (level) => logger.isLevelEnabled(levelOf(level)),
    child: (fields) => fromWinston(logger.child(withoutMessage(fields))),
  }
}

/** Returns true for a winston logger, which takes the message before the fields. */
export function isWinstonLogger(log: object): boolean {
  return 'transports' in log && 'levels' in log && 'log' in log && typeof log.log === 'function'
}

function withoutMessage(fields: LogFields = {}): LogFields {
  if (!('message' in fields)) return fields
  const { message, ...others } = fields
  return { ...others, message_: message }
}
