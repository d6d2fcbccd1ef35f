/** Fields of a log line, written as JSON. */
export type LogFields = Readonly<Record<string, unknown>>

/** Writes one line: a message, or fields and a message. */
export interface LogLine {
  (message: string): void
  (fields: LogFields, message: string): void
}

/** What the framework and its handlers log to. A pino logger is one as it stands. */
export interface Logger {
  debug: LogLine
  info: LogLine
  warn: LogLine
  error: LogLine
  /** Whether lines of a level are written at all. Default: nobody knows, so they may be. */
  isLevelEnabled?(level: Level): boolean
  /** A logger whose every line carries these fields too. */
  child(fields: LogFields): Logger
}

type Level = 'debug' | 'info' | 'warn' | 'error'

const severity: Readonly<Record<Level, number>> = { debug: 20, info: 30, warn: 40, error: 50 }

// An error may be its own cause, however many others are in between.
const deepestCause = 8
// An error that is made of others is described two deep: what is made of itself would grow without bounds.
const deepestErrors = 2
const mostErrors = 4

const ownFields = new WeakMap<Error, () => LogFields>()

/** Has a log line say more of an error, or something else: its fields take the place of those that it has by itself. */
export function setLogFields(error: Error, fields: () => LogFields): void {
  ownFields.set(error, fields)
}

/** An error as fields, with its causes and the first few of those that it is made of, for a log line. */
export function toLogFields(error: unknown, depth = 0): LogFields {
  // Anything can be thrown, and not everything has a text.
  if (typeof error === 'object' && error !== null && !(error instanceof Error)) return { thrown: error }
  if (!(error instanceof Error)) return { message: String(error) }
  return {
    name: error.name,
    message: error.message,
    ...('code' in error ? { code: error.code } : {}),
    stack: error.stack,
    ...ownFields.get(error)?.(),
    // One for each address that was tried, as a rule, and all that tells what happened: its own message is empty.
    ...(error instanceof AggregateError && depth < deepestErrors
      ? { errors: error.errors.slice(0, mostErrors).map((one: unknown) => toLogFields(one, depth + 1)) }
      : {}),
    ...(error.cause === undefined || depth === deepestCause
      ? {}
      : { cause: toLogFields(error.cause, depth + 1) }),
  }
}

function toJson(_key: string, value: unknown): unknown {
  if (value instanceof Error) return toLogFields(value)
  return typeof value === 'bigint' ? value.toString() : value
}

/** Writing a log never fails what is logged: fields that are no JSON, such as a circle, are left out, and that is said. */
function toLine(head: LogFields, fields: LogFields): string {
  try {
    return JSON.stringify({ ...fields, ...head }, toJson)
  } catch (error) {
    return JSON.stringify({ ...head, unloggable: error instanceof Error ? error.message : String(error) })
  }
}

/** Options of {@link createLogger}. */
export interface LoggerOptions {
  /** The least level that is written. Default `'info'`. */
  readonly level?: Level
  /** Fields of every line. */
  readonly fields?: LogFields
  /** Takes each line, without its line feed. */
  readonly write: (line: string) => void
}

/** A logger that writes each line as one JSON object. */
export function createLogger(options: LoggerOptions): Logger {
  const least = severity[options.level ?? 'info']
  const line =
    (level: Level): LogLine =>
    (first: string | LogFields, message?: string) => {
      if (severity[level] < least) return
      const [fields, text] = typeof first === 'string' ? [{}, first] : [first, message]
      const time = new Date().toISOString()
      options.write(toLine({ level, time, msg: text }, { ...options.fields, ...fields }))
    }
  return {
    debug: line('debug'),
    info: line('info'),
    warn: line('warn'),
    error: line('error'),
    child: (fields) => createLogger({ ...options, fields: { ...options.fields, ...fields } }),
  }
}
