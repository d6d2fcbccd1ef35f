import pg from 'pg'

/** A statement in the form that the driver takes; query builders add how they want the rows. */
export type DriverQuery =
  | string
  | {
      readonly text: string
      readonly values?: readonly unknown[]
      readonly name?: string
      readonly rowMode?: 'array'
      readonly queryMode?: 'extended'
      readonly types?: pg.CustomTypesConfig
    }

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
  query: DriverQuery,
  values: readonly unknown[] | undefined,
): Promise<pg.QueryResult<Row>> {
  // What shapes the rows is read while the driver's query is being made.
  if (typeof query === 'string') return client.query<Row>(query, values as unknown[])
  if (query.rowMode !== undefined || query.types !== undefined) {
    return client.query<Row>(query as pg.QueryConfig, values as unknown[])
  }
  const made = new pg.Query(query.text, (values ?? query.values) as unknown[]) as pg.Query & QueryMembers
  made.name = query.name
  made.queryMode = query.queryMode
  return new Promise((resolve, reject) => {
    made.callback = (error, result) => {
      if (error) {
        // The driver's own stack leads to the socket that it read the error from.
        Error.captureStackTrace(error)
        reject(error)
      } else resolve(result as pg.QueryResult<Row>)
    }
    client.query(made)
  })
}
