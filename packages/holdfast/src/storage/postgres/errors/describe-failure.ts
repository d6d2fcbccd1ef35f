import { type LogFields, setLogFields } from '../../../kernel/base/log.ts'
import { describeStatement } from '../statement/statement-text.ts'

/** A failed statement. */
export interface FailedStatement {
  readonly text: string
  /** True if the statement has parameters, so its text contains no values. */
  readonly hasValues: boolean
  /** The file and line that ran the statement, if known. */
  readonly calledAt: string | undefined
  /** True if the log may contain values of rows and parameters. False in production. */
  readonly showsValues: boolean
}

/** The logged fields of the driver's error. */
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
 * Adds to an error the log fields that show which statement failed and where.
 *
 * Values of rows and parameters may be personal data. They appear in `detail`, in the messages of
 * data exceptions (class 22), and in the message of a syntax error if the text was concatenated
 * with values. In production, the log omits these texts. It still contains the constraint, table
 * and column, and the position in the statement's text.
 */
export function describeFailure(error: unknown, statement: FailedStatement): void {
  if (error instanceof Error) setLogFields(error, () => fieldsOf(error, statement))
}

function fieldsOf(
  error: ServerError,
  { text, hasValues, calledAt, showsValues }: FailedStatement,
): LogFields {
  const { position, hint, schema, table, column, constraint } = error
  const redactedText = showsValues
    ? { text, message: error.message }
    : withoutValues(error, { text, hasValues })
  return {
    message: redactedText.message,
    // The stack of the driver's error only shows the socket that the error was read from.
    stack: undefined,
    statement: describeStatement(redactedText.text, hasValues).text,
    calledAt,
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
  // A quote in a value may have ended the literal early, so the text after the error position
  // may be part of the value.
  return { text: `${text.slice(0, Number(position ?? 1) - 1)} …`, message: quoted }
}
