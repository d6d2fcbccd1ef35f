import { type LogFields, setLogFields } from '../kernel/log.ts'
import { nameStatement } from './statement-text.ts'

/** A statement that has failed. */
export interface FailedStatement {
  readonly text: string
  /** Whether its values are parameters, so that its text has none. */
  readonly hasValues: boolean
  /** The file and line that ran it, if known. */
  readonly place: string | undefined
  /** Whether the log may have values of rows and parameters: not in production. */
  readonly showsValues: boolean
}

/** The fields of the driver's error that the log has. */
interface ServerError extends Error {
  readonly code?: string
  readonly position?: string
  readonly detail?: string
  readonly hint?: string
  readonly schema?: string
  readonly table?: string
  readonly column?: string
  readonly constraint?: string
}

/**
 * Has the log say of an error which statement failed and where.
 *
 * Values of rows and parameters may be personal. They are in `detail`, in the messages of data exceptions (class 22), and in that
 * of a syntax error if the text was put together with values. In production the log has none of these: it names the
 * constraint, table and column, and the position in the text.
 */
export function describeFailure(error: unknown, statement: FailedStatement): void {
  if (error instanceof Error) setLogFields(error, () => fieldsOf(error, statement))
}

function fieldsOf(error: ServerError, { text, hasValues, place, showsValues }: FailedStatement): LogFields {
  const { position, hint, schema, table, column, constraint } = error
  const shown = showsValues ? { text, message: error.message } : withoutValues(error, { text, hasValues })
  return {
    message: shown.message,
    // Leads to the socket that the error was read from.
    stack: undefined,
    statement: nameStatement(shown.text, hasValues).text,
    place,
    position: position === undefined ? undefined : Number(position),
    detail: showsValues ? error.detail : undefined,
    hint,
    schema,
    table,
    column,
    constraint,
  }
}

interface Shown {
  readonly text: string
  readonly message: string
}

function withoutValues(
  { code = '', message, position }: ServerError,
  { text, hasValues }: Pick<FailedStatement, 'text' | 'hasValues'>,
): Shown {
  const quoted = message.replace(/"[^]*"/, '"…"')
  if (code.startsWith('22')) return { text, message: quoted }
  if (code !== '42601' || hasValues) return { text, message }
  // A quote in a value may have ended its constant: what is behind the place of the error may be of the value.
  return { text: `${text.slice(0, Number(position ?? 1) - 1)} …`, message: quoted }
}
