/** The fields of a log line, written as JSON. */
export type LogFields = Readonly<Record<string, unknown>>

/**
 * The name of a method that fields may have. It returns the fields as members of a JSON object,
 * each preceded by a comma. A logger of JSON lines may call it instead of serializing the fields.
 * Use it for lines that are logged so often that serializing their constant parts each time would
 * be expensive.
 */
export const jsonMembers: unique symbol = Symbol('jsonMembers')

/** Fields that may have the method {@link jsonMembers}. */
export interface FormattedFields {
  readonly [jsonMembers]?: () => string
}

/** Writes one line: a message, or fields and a message. */
export interface LogLine {
  (message: string): void
  (fields: LogFields, message: string): void
}

/** The logger that the framework and its handlers use. A pino logger satisfies it. */
export interface Logger {
  debug: LogLine
  info: LogLine
  warn: LogLine
  error: LogLine
  /**
   * Returns true if lines of a level are written. A logger without this method receives lines of
   * every level.
   */
  isLevelEnabled?(level: Level): boolean
  /** Returns a logger that adds these fields to every line. */
  child(fields: LogFields): Logger
}

/** The level of a log line. */
export type Level = 'debug' | 'info' | 'warn' | 'error'

/** The arguments of a {@link LogLine}. */
export type LogArguments = [message: string] | [fields: LogFields, message: string]

/**
 * Returns the methods of a logger for all levels. Each method calls `write` with the fields of its
 * line, or `undefined`, and the message. The message can be `undefined` if untyped code omits it.
 */
export function logLevels(
  write: (level: Level, fields: LogFields | undefined, message: string | undefined) => void,
): Record<Level, LogLine> {
  const line =
    (level: Level): LogLine =>
    (...[first, message]: [first: string | LogFields, message?: string]) => {
      if (typeof first === 'string') write(level, undefined, first)
      else write(level, first, message)
    }
  return { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') }
}

/** Passes a line on to a logger. */
export function writeLine(log: Logger, level: Level, ...line: LogArguments): void {
  if (line.length === 1) log[level](line[0])
  else log[level](line[0], line[1])
}

/** The order of the levels. */
export const severity: Readonly<Record<Level, number>> = { debug: 20, info: 30, warn: 40, error: 50 }

// Limits the chain of causes, because an error can be its own cause, directly or through other
// errors.
const maxCauseDepth = 8
// Limits the nesting of AggregateErrors, which can contain themselves.
const maxErrorDepth = 2
const maxErrors = 4

const ownFields = new WeakMap<Error, () => LogFields>()

/** Sets fields for an error's log lines. They override default fields of the same name. */
export function setLogFields(error: Error, fields: () => LogFields): void {
  ownFields.set(error, fields)
}

/**
 * Returns an error as fields for a log line, with its causes and the first few errors of an
 * AggregateError.
 */
export function toLogFields(error: unknown, depth = 0): LogFields {
  // Any value can be thrown, and not every object converts to a useful string.
  if (typeof error === 'object' && error !== null && !(error instanceof Error)) return { thrown: error }
  if (!(error instanceof Error)) return { message: String(error) }
  return {
    name: error.name,
    message: error.message,
    ...('code' in error ? { code: error.code } : {}),
    stack: error.stack,
    ...ownFields.get(error)?.(),
    // The AggregateError of a failed connection has an empty message. Only its errors, one per
    // address, have messages.
    ...(error instanceof AggregateError && depth < maxErrorDepth
      ? { errors: error.errors.slice(0, maxErrors).map((one: unknown) => toLogFields(one, depth + 1)) }
      : {}),
    ...(error.cause === undefined || depth === maxCauseDepth
      ? {}
      : { cause: toLogFields(error.cause, depth + 1) }),
  }
}

function toJson(_key: string, value: unknown): unknown {
  if (value instanceof Error) return toLogFields(value)
  return typeof value === 'bigint' ? value.toString() : value
}

/**
 * Returns a line as JSON. Never throws: fields that cannot be serialized, such as circular ones,
 * are dropped, and the field `unloggable` contains the reason.
 */
function toLine(head: LogFields, fields: LogFields): string {
  try {
    return JSON.stringify({ ...fields, ...head }, toJson)
  } catch (error) {
    return JSON.stringify({ ...head, unloggable: error instanceof Error ? error.message : String(error) })
  }
}

/** Options of {@link createLogger}. */
export interface LoggerOptions {
  /** The min level that is written. Default `'info'`. */
  readonly level?: Level
  /** Fields added to every line. Default: none. */
  readonly fields?: LogFields
  /** Receives each line, without its line feed. */
  readonly write: (line: string) => void
}

/**
 * Creates a logger that writes each line as one JSON object.
 *
 * @example
 * ```ts
 * const log = createLogger({ level: 'debug', write: (line) => process.stdout.write(`${line}\n`) })
 * log.info({ order: 7 }, 'order placed')
 * ```
 */
export function createLogger(options: LoggerOptions): Logger {
  const least = severity[options.level ?? 'info']
  return {
    ...logLevels((level, fields, msg) => {
      if (severity[level] < least) return
      const time = new Date().toISOString()
      options.write(toLine({ level, time, msg }, { ...options.fields, ...fields }))
    }),
    child: (fields) => createLogger({ ...options, fields: { ...options.fields, ...fields } }),
  }
}
