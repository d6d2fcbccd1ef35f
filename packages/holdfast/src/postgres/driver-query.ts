import pg from 'pg'

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

/**
 * Runs a statement. The driver copies every object that it is given by its property descriptors, which takes longer than all else that it
 * does with it; a query of its own class it takes as it is.
 */
export function runQuery<Row extends pg.QueryResultRow>(
  client: pg.ClientBase,
  statement: DriverStatement,
): Promise<pg.QueryResult<Row>> {
  // What shapes the rows is read while the driver's query is being made, and nowhere else.
  if (statement.rowMode !== undefined || statement.types !== undefined) {
    return client.query<Row>(statement as pg.QueryConfig)
  }
  const query = new pg.Query(statement.text, statement.values as unknown[]) as pg.Query & QueryMembers
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
