import type pg from 'pg'
import { HoldfastError } from '../../../kernel/base/holdfast-error.ts'
import type { StatementGuard } from '../../../kernel/host/statement-guard.ts'
import { DriversQuery, prepareValue, type QueryInternals } from './driver-internals.ts'
import type { Statement } from '../statement/statement.ts'

/** A statement in the driver's format, with the options of query builders for the rows. */
export interface DriverStatement {
  readonly text: string
  readonly values?: readonly unknown[] | undefined
  /** The name under which the statement is prepared, once per connection. Default: not prepared. */
  readonly name?: string | undefined
  readonly rowMode?: 'array' | undefined
  readonly queryMode?: 'extended' | undefined
  readonly types?: pg.CustomTypesConfig | undefined
  /** The file and line that runs the statement, if known. */
  readonly calledAt?: string | undefined
  /** Limits the number of rows. Default: no limit. */
  readonly guard?: RowGuard | undefined
}

/** The row limit of a statement, and the error if it is exceeded. */
export type RowGuard = Pick<StatementGuard, 'maxRows' | 'tooManyRows'>

/** A statement, or only its text. */
export type DriverQuery = string | DriverStatement

/** A query that drops rows beyond a limit. */
class GuardedQuery extends DriversQuery {
  #rows = 0
  #maxRows = Infinity
  #tooManyRows: (() => void) | undefined

  /** `tooManyRows` is called once, with the first row beyond `maxRows`. */
  limitRows(maxRows: number, tooManyRows: () => void): void {
    this.#maxRows = maxRows
    this.#tooManyRows = tooManyRows
  }

  override handleDataRow(message: unknown): void {
    this.#rows += 1
    if (this.#rows <= this.#maxRows) super.handleDataRow(message)
    else if (this.#rows === this.#maxRows + 1) this.#tooManyRows?.()
  }
}

/**
 * Runs a statement as an instance of the driver's query class, which the driver does not copy. The
 * driver copies a plain object by its property descriptors, which takes longer than everything else
 * that it does.
 */
export function runQuery<Row extends pg.QueryResultRow>(
  client: pg.ClientBase,
  statement: DriverStatement,
  tooManyRows: () => void,
): Promise<pg.QueryResult<Row>> {
  let values: readonly unknown[] | undefined
  try {
    values = toSendable(statement.values)
  } catch (error) {
    return Promise.reject(error as HoldfastError)
  }
  const query = toDriverQuery(statement, values)
  const { guard } = statement
  return new Promise((resolve, reject) => {
    let failure: Error | undefined
    const rejectRows = (): void => {
      failure = guard?.tooManyRows(statement.text, statement.values)
      tooManyRows()
    }
    const settle: QueryInternals['callback'] = (error, result) => {
      if (failure) reject(failure)
      else if (error) {
        // The driver's own stack points to the socket that the error was read from.
        Error.captureStackTrace(error)
        reject(error)
      } else resolve(result as pg.QueryResult<Row>)
    }
    if (guard) query.limitRows(guard.maxRows, rejectRows)
    query.callback = settle
    client.query(query)
  })
}

function toDriverQuery(
  { text, name, queryMode, rowMode, types }: DriverStatement,
  values: readonly unknown[] | undefined,
): GuardedQuery {
  // The driver reads these options only in the constructor of its query.
  const isShaped = rowMode !== undefined || types !== undefined
  const query = isShaped ? new GuardedQuery({ text, values, rowMode, types }) : new GuardedQuery(text, values)
  query.name = name
  query.queryMode = queryMode
  return query
}

/**
 * Returns the statement with its values serialized.
 *
 * @throws HoldfastError `value-not-sendable`.
 */
export function toSendableStatement(statement: Statement): Statement {
  const { values } = statement
  if (values === undefined) return statement
  return { ...statement, values: toSendable(values)! }
}

// The protocol counts the parameters of a statement in 16 bits.
const maxValues = 65_535

/**
 * Serializes values. The driver itself would fail on an invalid value only in the middle of a
 * statement. It would then close the prepared statement on the server, but still assume that the
 * prepared statement exists.
 */
function toSendable(values: readonly unknown[] | undefined): readonly unknown[] | undefined {
  // The driver itself rejects a value that is not an array.
  if (!Array.isArray(values)) return values
  if (values.length > maxValues) {
    throw new HoldfastError(
      'value-not-sendable',
      `A statement has ${values.length} parameters; Postgres allows at most ${maxValues}. Pass the rows as arrays: insert … select * from unnest($1::text[], $2::int[]).`,
    )
  }
  return values.map((value: unknown, index) => {
    try {
      return prepareValue(value)
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause)
      throw new HoldfastError(
        'value-not-sendable',
        `The value of $${index + 1} cannot be serialized for Postgres: ${message}. Pass a JSON value, or its text.`,
        { cause },
      )
    }
  })
}
