import pg from 'pg'
import { HoldfastError } from '../kernel/holdfast-error.ts'

/** A statement in the form that the driver takes; query builders add how they want the rows. */
export interface DriverStatement {
  readonly text: string
  readonly values?: readonly unknown[] | undefined
  /** Prepared once per connection under this name. Default: not named. */
  readonly name?: string | undefined
  readonly rowMode?: 'array' | undefined
  readonly queryMode?: 'extended' | undefined
  readonly types?: pg.CustomTypesConfig | undefined
  /** How many rows it may give. Default: any number. */
  readonly rowLimit?: RowLimit | undefined
}

/** How many rows a statement may give, and what it fails with that gives more. */
export interface RowLimit {
  readonly rows: number
  error(): Error
}

/** A statement, or its text alone. */
export type DriverQuery = string | DriverStatement

/** The members of the driver's query that its types leave out. */
interface QueryMembers {
  name: string | undefined
  queryMode: 'extended' | undefined
  callback: (error: Error | null | undefined, result: unknown) => void
  handleDataRow(message: unknown): void
}

/** A part of the driver that its types leave out. */
const { utils } = pg as unknown as { readonly utils: { prepareValue(value: unknown): unknown } }

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
  const { rowLimit } = statement
  let failure: Error | undefined
  if (rowLimit) {
    const take = query.handleDataRow.bind(query)
    let rows = 0
    query.handleDataRow = (message) => {
      rows += 1
      if (rows <= rowLimit.rows) take(message)
      else if (!failure) {
        failure = rowLimit.error()
        tooManyRows()
      }
    }
  }
  return new Promise((resolve, reject) => {
    query.callback = (error, result) => {
      if (failure) reject(failure)
      else if (error) {
        // The driver's own stack leads to the socket that it read the error from.
        Error.captureStackTrace(error)
        reject(error)
      } else resolve(result as pg.QueryResult<Row>)
    }
    client.query(query)
  })
}

function toDriverQuery(
  { text, name, queryMode, rowMode, types }: DriverStatement,
  values: readonly unknown[] | undefined,
): pg.Query & QueryMembers {
  // What shapes the rows is read while the driver's query is being made, and nowhere else.
  const isShaped = rowMode !== undefined || types !== undefined
  const made = isShaped
    ? new pg.Query({ text, values, rowMode, types } as never)
    : new pg.Query(text, values as unknown[])
  return Object.assign(made as pg.Query & QueryMembers, { name, queryMode })
}

/**
 * Values as they are sent. Where one cannot be, the driver would find out in the middle of a statement, close what was prepared of it
 * in the server, and go on believing that it is there.
 */
function toSendable(values: readonly unknown[] | undefined): readonly unknown[] | undefined {
  // What is no list, the driver refuses by itself.
  if (!Array.isArray(values)) return values
  return values.map((value: unknown, index) => {
    try {
      return utils.prepareValue(value)
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
