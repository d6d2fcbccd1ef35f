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
}

/** A statement, or its text alone. */
export type DriverQuery = string | DriverStatement

/** The members of the driver's query that its types leave out. */
interface QueryMembers {
  name: string | undefined
  queryMode: 'extended' | undefined
  callback: (error: Error | null | undefined, result: unknown) => void
}

/** A part of the driver that its types leave out. */
const { utils } = pg as unknown as { readonly utils: { prepareValue(value: unknown): unknown } }

/**
 * Runs a statement. The driver copies every object that it is given by its property descriptors, which takes longer than all else that it
 * does with it; a query of its own class it takes as it is.
 *
 * @throws HoldfastError `value-not-sendable`, before anything has been sent.
 */
export function runQuery<Row extends pg.QueryResultRow>(
  client: pg.ClientBase,
  statement: DriverStatement,
): Promise<pg.QueryResult<Row>> {
  let values: readonly unknown[] | undefined
  try {
    values = toSendable(statement.values)
  } catch (error) {
    return Promise.reject(error as HoldfastError)
  }
  // What shapes the rows is read while the driver's query is being made, and nowhere else.
  if (statement.rowMode !== undefined || statement.types !== undefined) {
    return client.query<Row>({ ...statement, values } as pg.QueryConfig)
  }
  const query = new pg.Query(statement.text, values as unknown[]) as pg.Query & QueryMembers
  query.name = statement.name
  query.queryMode = statement.queryMode
  return new Promise((resolve, reject) => {
    query.callback = (error, result) => {
      if (error) {
        // The driver's own stack leads to the socket that it read the error from.
        Error.captureStackTrace(error)
        reject(error)
      } else resolve(result as pg.QueryResult<Row>)
    }
    client.query(query)
  })
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
