import type pg from 'pg'
import { HoldfastError } from '../kernel/holdfast-error.ts'
import type { StatementGuard } from '../kernel/statement-guard.ts'
import { DriversQuery, prepareValue, type QueryInternals } from './driver-internals.ts'
import type { Statement } from './statement.ts'

/** A statement in the form that the driver takes; query builders add how they want the rows. */
export interface DriverStatement {
  readonly text: string
  readonly values?: readonly unknown[] | undefined
  /** Prepared once per connection under this name. Default: not named. */
  readonly name?: string | undefined
  readonly rowMode?: 'array' | undefined
  readonly queryMode?: 'extended' | undefined
  readonly types?: pg.CustomTypesConfig | undefined
  /** The file and line that runs it, if known. */
  readonly place?: string | undefined
  /** Says how many rows it may give. Default: any number. */
  readonly guard?: RowGuard | undefined
}

/** How many rows a statement may give, and what it fails with that gives more. */
export type RowGuard = Pick<StatementGuard, 'maxRows' | 'tooManyRows'>

/** A statement, or its text alone. */
export type DriverQuery = string | DriverStatement

/** A query that keeps no more rows than it may give. */
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
 * Runs a statement. The driver copies every object that it is given by its property descriptors, which takes longer than all else that it
 * does with it; a query of its own class it takes as it is.
 *
 * @param tooManyRows called when the row limit is passed: what comes after it is thrown away, and the statement fails.
 * @throws HoldfastError `value-not-sendable`, before anything has been sent.
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
    const refuseRows = (): void => {
      failure = guard?.tooManyRows(statement.text, statement.values)
      tooManyRows()
    }
    const settle: QueryInternals['callback'] = (error, result) => {
      if (failure) reject(failure)
      else if (error) {
        // The driver's own stack leads to the socket that it read the error from.
        Error.captureStackTrace(error)
        reject(error)
      } else resolve(result as pg.QueryResult<Row>)
    }
    if (guard) query.limitRows(guard.maxRows, refuseRows)
    query.callback = settle
    client.query(query)
  })
}

function toDriverQuery(
  { text, name, queryMode, rowMode, types }: DriverStatement,
  values: readonly unknown[] | undefined,
): GuardedQuery {
  // What shapes the rows is read while the driver's query is being made, and nowhere else.
  const isShaped = rowMode !== undefined || types !== undefined
  const query = isShaped ? new GuardedQuery({ text, values, rowMode, types }) : new GuardedQuery(text, values)
  query.name = name
  query.queryMode = queryMode
  return query
}

/**
 * Returns a statement whose values are in the form in which they are sent.
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
 * Values as they are sent. Where one cannot be, the driver would find out in the middle of a statement, close what was prepared of it
 * in the server, and go on believing that it is there.
 */
function toSendable(values: readonly unknown[] | undefined): readonly unknown[] | undefined {
  // What is no list, the driver refuses by itself.
  if (!Array.isArray(values)) return values
  if (values.length > maxValues) {
    throw new HoldfastError(
      'value-not-sendable',
      `A statement has ${values.length} parameters, and Postgres takes at most ${maxValues}. Give the rows as lists: insert … select * from unnest($1::text[], $2::int[]).`,
    )
  }
  return values.map((value: unknown, index) => {
    try {
      return prepareValue(value)
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause)
      throw new HoldfastError(
        'value-not-sendable',
        `The value of $${index + 1} cannot be written for Postgres: ${message}. Give a value that JSON knows, or its text.`,
        { cause },
      )
    }
  })
}
